-- The newest term of a lease, and the time by the database's clock.
-- Parameters: name String. Columns: now, fence (0: there was none), holder, until.
-- Reads leases by the prefix (name) of its key.
SELECT
    now64(3, 'UTC') AS now,
    max(fence) AS fence,
    argMax(holder, l.fence) AS holder,
    argMax(until, l.fence) AS until
FROM leases AS l
WHERE name = {name:String}
