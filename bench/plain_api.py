"""The same calls as a plain application answers them: one query after another, an exact total, a pattern as search."""

import hashlib
import json
import re
from typing import Any

from bson import ObjectId
from bson.json_util import default
from fastapi import FastAPI, HTTPException, Request, Response
from pymongo import MongoClient

FIELDS = ("customerId", "customerName", "contactInfo")


def create_app(uri: str) -> FastAPI:
    """It reads Kinso's collections, with Kinso's indexes."""
    database: Any = MongoClient(uri, tz_aware=True)["kinso"]
    app = FastAPI()

    def check(request: Request) -> None:
        secret = request.headers.get("authorization", "").removeprefix("Bearer ")
        token = database["api_tokens"].find_one({"hash": hashlib.sha256(secret.encode()).hexdigest()})
        if token is None or not database["users"].find_one({"_id": token["userId"], "active": True}):
            raise HTTPException(401)

    def tell(data: Any) -> Response:
        return Response(json.dumps({"success": True, "data": data}, default=default), media_type="application/json")

    @app.get("/api/customers/stats")
    def show_statistics(request: Request) -> Response:
        check(request)
        figures = {"count": {"$sum": 1}, "sum": {"$sum": "$purchaseAmount"}}
        return tell(list(database["customers"].aggregate([{"$group": {"_id": "$membershipStatus", **figures}}])))

    @app.get("/api/customers/{id}")
    def show_customer(request: Request, id: str) -> Response:
        check(request)
        return tell(database["customers"].find_one({"_id": ObjectId(id)}, {"search": False}))

    @app.get("/api/customers")
    def show_customers(request: Request, search: str = "", limit: int = 10) -> Response:
        check(request)
        pattern = {"$regex": re.escape(search), "$options": "i"}
        query = {"$or": [{field: pattern} for field in FIELDS]} if search else {}
        total = database["customers"].count_documents(query)
        found = database["customers"].find(query, {"search": False}).sort("createdAt", -1).limit(limit)
        return tell({"customers": list(found), "total": total})

    return app
