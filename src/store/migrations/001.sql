-- Plain enough for SQLite and PostgreSQL alike. Times are seconds since 1970, UTC.
CREATE TABLE gateway_keys (
    id TEXT PRIMARY KEY,
    name TEXT NOT NULL,
    hash TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    expires_at BIGINT,
    revoked_at BIGINT,
    last_used_at BIGINT,
    requests_per_minute BIGINT,
    requests_per_day BIGINT,
    tokens_per_month BIGINT
);
CREATE TABLE gateway_usage (
    key_id TEXT PRIMARY KEY REFERENCES gateway_keys (id),
    minute_start BIGINT NOT NULL DEFAULT 0,
    minute_requests BIGINT NOT NULL DEFAULT 0,
    day BIGINT NOT NULL DEFAULT 0,
    day_requests BIGINT NOT NULL DEFAULT 0,
    month BIGINT NOT NULL DEFAULT 0,
    month_tokens BIGINT NOT NULL DEFAULT 0
);
