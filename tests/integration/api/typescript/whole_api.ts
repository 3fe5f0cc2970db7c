// The whole API by a client whose types are generated; prints each operation that it called.
import createClient from "openapi-fetch";
import type { components, paths } from "./api.js";

type Schemas = components["schemas"];
declare const process: { env: Record<string, string> };

const headers = { Authorization: `Bearer ${process.env["TOKEN"]}` };
const api = createClient<paths>({ baseUrl: process.env["KINSO"] + "/api", headers });

function same<Value>(found: Value, expected: Value): void {
  const [one, other] = [found, expected].map((value) => JSON.stringify(value));
  if (one !== other) throw new Error(`${one} is not ${other}`);
}

/** What a call that was done answers. */
async function done<Answer>(call: Promise<{ data?: Answer; error?: Schemas["Failure"] }>): Promise<Answer> {
  const { data, error } = await call;
  if (data === undefined) throw new Error(JSON.stringify(error));
  return data;
}

/** The fields that a refusal names. */
async function refused(
  status: number,
  call: Promise<{ error?: Schemas["Failure"]; response: Response }>,
): Promise<string[]> {
  const { error, response } = await call;
  same(response.status, status);
  if (error === undefined) throw new Error("was not refused");
  same(error.success, false);
  return (error.errors ?? []).map((problem) => problem.field);
}

async function accounts(): Promise<void> {
  same((await done(api.GET("/health"))).data.status, "ok");
  same((await done(api.GET("/auth/profile"))).data.role, "manager");
  const body = { email: process.env["EMAIL"]!, password: process.env["PASSWORD"]! };
  const { token } = (await done(api.POST("/auth/login", { body }))).data;
  const own = { headers: { Authorization: `Bearer ${token}` } };
  await done(api.POST("/auth/logout", own));
  await refused(401, api.GET("/auth/profile", own));
}

async function register(): Promise<Schemas["RegisteredOut"]> {
  await done(api.GET("/customers/next-id"));
  const body = { customerId: "C-1", customerName: "Ada Lovelace", contactInfo: "ada@shop.com" };
  const params = { header: { "Idempotency-Key": "once" } };
  const ada = (await done(api.POST("/customers", { body, params }))).data;
  same((await done(api.POST("/customers", { body, params }))).data._id, ada._id);
  same([ada.purchaseAmount, ada.membershipStatus, ada.version], [0, false, 1]);
  const duplicate = (await done(api.POST("/customers", { body: { ...body, customerId: "C-2" } }))).data;
  same(duplicate.warnings?.map((warning) => warning._id), [ada._id]);
  same(await refused(409, api.POST("/customers", { body })), ["customerId"]);
  return ada;
}

async function change(_id: string): Promise<void> {
  const path = { _id };
  const body = { customerName: "Ada King" };
  const seen = { path, header: { "If-Match": '"v1"' } };
  same((await done(api.PUT("/customers/{_id}", { params: seen, body }))).data.version, 2);
  await refused(412, api.PUT("/customers/{_id}", { params: seen, body }));
  same(await refused(409, api.PUT("/customers/{_id}", { params: { path }, body: { ...body, version: 1 } })), ["version"]);
  same((await done(api.GET("/customers/{_id}", { params: { path } }))).data.customerName, "Ada King");
  const toggle = { params: { path }, body: { membershipStatus: true } };
  same((await done(api.PUT("/customers/membership/update/{_id}", toggle))).data.membershipStatus, true);
  await refused(404, api.GET("/customers/{_id}", { params: { path: { _id: "nobody" } } }));
}

async function many(): Promise<void> {
  const bea: Schemas["CustomerRow"] = { customerId: "B-0", customerName: "Bea Moss", contactInfo: "bea@shop.com" };
  const customers = [{ ...bea, purchaseAmount: 2000 }, { customerId: "B-1" }];
  const all: Schemas["BulkIn"] = { mode: "all-or-nothing", customers };
  same((await refused(422, api.POST("/customers/bulk", { body: all }))).length, 2);
  const told = (await done(api.POST("/customers/bulk", { body: { mode: "per-row", customers } }))).data;
  same([told.created, told.failed], [1, 1]);
  same(told.results.map((row) => row.outcome), ["created", "failed"]);
  same(told.results[0]?.customer?.purchaseAmount, 2000);
  // @ts-expect-error: a number is no ID
  const mistaken: Schemas["BulkIn"] = { mode: "per-row", customers: [{ customerId: 5 }] };
  same((await done(api.POST("/customers/bulk", { body: mistaken }))).data.failed, 1);
}

async function lists(): Promise<void> {
  const query = { search: "bea", membershipStatus: false, sortBy: "customerId", sortOrder: "asc", limit: 5 } as const;
  const found = await done(api.GET("/customers", { params: { query } }));
  same([found.data.map((customer) => customer.customerId), found.pagination.total], [["B-0"], 1]);
  same(await refused(422, api.GET("/customers", { params: { query: { limit: 0 } } })), ["limit"]);
  const exact = await done(api.GET("/customers", { params: { query: { customerId: "c-1" } } }));
  same(exact.data.map((customer) => customer.customerId), ["C-1"]);
  const begun = await done(api.GET("/customers", { params: { query: { updatedSince: "2026-01-01", limit: 2 } } }));
  const { nextCursor: cursor, more, deleted } = begun.pagination;
  if (cursor === undefined) throw new Error("there is no cursor");
  same([more, deleted], [true, []]);
  same((await done(api.GET("/customers", { params: { query: { cursor } } }))).data.length, 1);
  same((await done(api.GET("/customers/stats"))).data.totalCustomers, 3);
  const path = { membershipStatus: "true" } as const;
  const members = await done(api.GET("/customers/membership/by-status/{membershipStatus}", { params: { path } }));
  same(members.pagination.total, 1);
  const exported = api.GET("/customers/export", { params: { query: { flavour: "raw" } }, parseAs: "text" });
  same((await done(exported)).startsWith("customerId,"), true);
}

async function segments(): Promise<void> {
  same((await done(api.GET("/facts"))).data.some((fact) => fact.name === "spent"), true);
  same((await done(api.GET("/segments/templates"))).data[1]?.name, "Regulars");
  const filter: Schemas["SegmentDraftIn"]["filter"] = { fact: "customerId", is: "=", value: "B-0" };
  const body: Schemas["SegmentDraftIn"] = { name: "Bea", filter, color: "green" };
  const { _id, count } = (await done(api.POST("/segments", { body }))).data;
  same(count, 1);
  same(await refused(409, api.POST("/segments", { body })), ["name"]);
  const params = { path: { _id } };
  same((await done(api.PUT("/segments/{_id}", { params, body: { shared: true } }))).data.version, 2);
  same((await done(api.GET("/segments/{_id}", { params }))).data.filter, filter);
  same((await done(api.GET("/segments"))).data.map((segment) => segment._id), [_id]);
  const listed = await done(api.GET("/segments/{_id}/customers", { params }));
  same(listed.data.map((customer) => customer.customerId), ["B-0"]);
  same((await done(api.GET("/segments/{_id}/moves", { params }))).data.entered.count, 0);
  await done(api.DELETE("/segments/{_id}", { params }));
}

async function ofMany(): Promise<void> {
  const whom = { filter: { fact: "customerId", is: "=", value: "B-0" }, dryRun: true };
  const edit: Schemas["EditOfManyIn"] = { ...whom, field: "tags", edit: "add", value: ["regular"] };
  same((await done(api.POST("/customers/bulk/edit", { body: edit }))).data.changed, 1);
  const members = { body: { ...whom, membershipStatus: true } };
  same((await done(api.POST("/customers/bulk/membership", members))).data.changed, 1);
  same((await done(api.POST("/customers/bulk/delete", { body: whom }))).data.changed, 1);
  same((await done(api.POST("/customers/bulk/erase", { body: whom }))).data.changed, 1);
}

async function merging(): Promise<void> {
  const [pair] = (await done(api.GET("/customers/duplicates"))).data;
  if (pair === undefined) throw new Error("two have the same address");
  const path = { _id: pair.one._id, withId: pair.other._id };
  await done(api.POST("/customers/{_id}/different-from/{withId}", { params: { path } }));
  await done(api.DELETE("/customers/{_id}/different-from/{withId}", { params: { path } }));
  const merge = { params: { path: { _id: pair.one._id } }, body: { with: pair.other._id, keep: {} } };
  const { runId } = (await done(api.POST("/customers/{_id}/merge", merge))).data;
  await done(api.POST("/runs/{_id}/undo", { params: { path: { _id: runId } }, body: { since: "this" } }));
}

async function runs(): Promise<void> {
  const preview = await done(api.POST("/customers/membership/auto-activate", { body: { dryRun: true } }));
  same([preview.data.updatedCount, preview.data.runId], [1, null]);
  const { runId } = (await done(api.POST("/customers/membership/auto-activate", { body: {} }))).data;
  if (runId === null) throw new Error("an activation is a run");
  same((await done(api.GET("/runs"))).data[0]?._id, runId);
  const params = { path: { _id: runId } };
  same((await done(api.GET("/runs/{_id}", { params }))).data.status, "done");
  same((await done(api.POST("/runs/{_id}/undo", { params }))).data.changed, 1);
}

async function purchases(_id: string): Promise<void> {
  const items = [{ name: "Tea", quantity: 2, unitPrice: 4.25 }];
  const body = { customerId: "C-1", saleId: "till/1", date: "2026-01-31T09:30:00Z", items, paymentMethod: "card" } as const;
  same((await done(api.POST("/sales", { body: { ...body, items } }))).data.purchaseAmount, 8.5);
  same((await done(api.POST("/sales", { body: { ...body, items } }))).data.repeated, true);
  const params = { path: { saleId: "till/1" } };
  same((await done(api.POST("/sales/{saleId}/refund", { params, body: { amount: 4.25 } }))).data.refundOf, "till/1");
  same((await done(api.GET("/sales/{saleId}", { params }))).data.items[0]?.name, "Tea");
  const query = { customerId: "C-1", kind: "sale", since: "2026-01-01" } as const;
  same((await done(api.GET("/sales", { params: { query } }))).pagination.total, 1);
  same((await done(api.GET("/customers/{_id}/sales", { params: { path: { _id } } }))).pagination.total, 2);
}

async function leave(_id: string): Promise<void> {
  const params = { path: { _id } };
  same((await done(api.DELETE("/customers/{_id}", { params }))).data._id, _id);
  await refused(404, api.GET("/customers/{_id}", { params }));
}

const called = new Set<string>();
api.use({
  onRequest({ request, schemaPath }) {
    called.add(`${request.method} ${schemaPath}`);
    return undefined;
  },
});

await accounts();
const ada = await register();
await change(ada._id);
await many();
await lists();
await segments();
await ofMany();
await runs();
await merging();
await purchases(ada._id);
await leave(ada._id);
console.log([...called].sort().join("\n"));
