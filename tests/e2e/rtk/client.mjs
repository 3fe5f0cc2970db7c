// A shop's web client: the nine calls as one RTK Query API, used the way a page would use them.
// node client.mjs ADDRESS TOKEN: prints what it found as one line of JSON, or fails.

import assert from "node:assert/strict";
import { configureStore } from "@reduxjs/toolkit";
import { createApi, fetchBaseQuery } from "@reduxjs/toolkit/query";

const [address, token] = process.argv.slice(2);

const shopApi = createApi({
  reducerPath: "shop",
  baseQuery: fetchBaseQuery({
    baseUrl: `${address}/api/`,
    prepareHeaders: (headers) => headers.set("Authorization", `Bearer ${token}`),
  }),
  tagTypes: ["Customer", "Stats"],
  endpoints: (build) => ({
    getCustomers: build.query({
      query: (params) => ({ url: "customers", params }),
      providesTags: ["Customer"],
    }),
    getCustomer: build.query({
      query: (id) => `customers/${id}`,
      transformResponse: (answer) => answer.data,
      providesTags: (_customer, _error, id) => [{ type: "Customer", id }],
    }),
    createCustomer: build.mutation({
      query: (body) => ({ url: "customers", method: "POST", body }),
      transformResponse: (answer) => answer.data,
      invalidatesTags: ["Customer", "Stats"],
    }),
    updateCustomer: build.mutation({
      query: ({ _id, ...changes }) => ({ url: `customers/${_id}`, method: "PUT", body: changes }),
      transformResponse: (answer) => answer.data,
      invalidatesTags: ["Customer", "Stats"],
    }),
    deleteCustomer: build.mutation({
      query: (id) => ({ url: `customers/${id}`, method: "DELETE" }),
      invalidatesTags: ["Customer", "Stats"],
    }),
    updateMembership: build.mutation({
      query: ({ _id, membershipStatus }) => ({
        url: `customers/membership/update/${_id}`,
        method: "PUT",
        body: { membershipStatus },
      }),
      transformResponse: (answer) => answer.data,
      invalidatesTags: ["Customer", "Stats"],
    }),
    getByMembership: build.query({
      query: (status) => `customers/membership/by-status/${status}?limit=1000`,
      transformResponse: (answer) => answer.data,
      providesTags: ["Customer"],
    }),
    autoActivate: build.mutation({
      query: (threshold) => ({ url: "customers/membership/auto-activate", method: "POST", body: { threshold } }),
      transformResponse: (answer) => answer.data,
      invalidatesTags: ["Customer", "Stats"],
    }),
    getStats: build.query({
      query: () => "customers/stats/",
      transformResponse: (answer) => answer.data,
      providesTags: ["Stats"],
    }),
  }),
});

const store = configureStore({
  reducer: { [shopApi.reducerPath]: shopApi.reducer },
  middleware: (standard) => standard().concat(shopApi.middleware),
});
const { endpoints } = shopApi;
const run = (endpoint, argument) => store.dispatch(endpoint.initiate(argument, { forceRefetch: true }));
const done = (endpoint, argument) => run(endpoint, argument).unwrap();
const refused = async (endpoint, argument) => {
  const { error } = await run(endpoint, argument);
  assert.equal(error.data.success, false);
  return error;
};
const settled = async (selector, expected) => {
  for (let attempt = 0; attempt < 200; attempt += 1) {
    const found = selector(store.getState());
    if (found.isSuccess && expected(found.data)) return found.data;
    await new Promise((wake) => setTimeout(wake, 25));
  }
  throw new Error("the cached answer was not refreshed");
};

const person = (number, purchaseAmount) => ({
  customerId: `RTK-${number}`,
  customerName: `Person ${number}`,
  contactInfo: `person${number}@shop.com`,
  purchaseAmount,
});

// A page that is open all the time: its list is refreshed by itself after every change.
const list = { page: 1, limit: 10, search: "", membershipStatus: "", sortBy: "customerId", sortOrder: "asc" };
store.dispatch(endpoints.getCustomers.initiate(list));
const shown = endpoints.getCustomers.select(list);

const ada = await done(endpoints.createCustomer, person(1, 1500.25));
assert.equal(ada.membershipStatus, false);
await done(endpoints.createCustomer, person(2, 20));
await settled(shown, (answer) => answer.pagination.total === 2);
assert.equal((await refused(endpoints.createCustomer, person(1, 5))).status, 409);
assert.equal((await refused(endpoints.createCustomer, { customerId: "x" })).status, 422);

assert.deepEqual(await done(endpoints.getCustomer, ada._id), ada);
assert.equal((await refused(endpoints.getCustomer, "undefined")).status, 404);

const changed = await done(endpoints.updateCustomer, { _id: ada._id, contactInfo: "+880 171 234 567" });
assert.equal(changed.purchaseAmount, 1500.25);
const found = await done(endpoints.getCustomers, { search: "+880 171", membershipStatus: "" });
assert.deepEqual(found.data, [changed]);

const member = await done(endpoints.updateMembership, { _id: ada._id, membershipStatus: true });
assert.deepEqual(await done(endpoints.getByMembership, true), [member]);
await done(endpoints.updateMembership, { _id: ada._id, membershipStatus: false });
await done(endpoints.createCustomer, person(3, 1000));
assert.equal((await done(endpoints.autoActivate, 1000)).updatedCount, 1);
assert.equal((await refused(endpoints.autoActivate, 0)).status, 422);

const removed = (await settled(shown, (answer) => answer.pagination.total === 3)).data[1];
await done(endpoints.deleteCustomer, removed._id);
await settled(shown, (answer) => answer.pagination.total === 2);
assert.equal((await refused(endpoints.deleteCustomer, removed._id)).status, 404);

const stats = await done(endpoints.getStats);
process.stdout.write(JSON.stringify({ endpoints: Object.keys(endpoints).length, stats }));
process.exit(0);
