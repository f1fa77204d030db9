"""The contract of the API: routes with what they take and answer, and the OpenAPI page of it."""
