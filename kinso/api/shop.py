"""Whether Kinso can work at all, for load balancers and monitors."""

from __future__ import annotations

from kinso.api.customers_schemas import HealthOut
from kinso.api.envelope import Answer, Success, failures, succeed
from kinso.api.route import part_of_api
from kinso.services.application import current_application

router = part_of_api("", "health")


@router.get("/health", response_model=Success[HealthOut], responses=failures(503), summary="Does the database answer?")
def check_health() -> Answer:
    """200 when the database answers and lists are up to date with it, 503 when that is not so, or not yet."""
    current_application().demand_following()
    return succeed({"status": "ok"})
