-- Whether an insert with a deduplication token still runs on this server, after its client lost it.
-- Parameters: token String.
-- Columns: running (queries).
SELECT count() AS running FROM system.processes
WHERE Settings['insert_deduplication_token'] = {token:String}
