-- The newest word of each kind about some subjects.
-- Parameters: subjects Array(String).
-- Columns: subject, kind, author, reason, at. Reads interventions by the prefix (subject) of its key.
SELECT
    subject, toString(kind) AS kind, argMax(author, i.at) AS author, argMax(reason, i.at) AS reason,
    max(i.at) AS at
FROM interventions AS i
WHERE subject IN {subjects:Array(String)}
GROUP BY subject, kind
ORDER BY subject, kind
