-- Registered stage graphs, by name; the newest row of a name counts.
-- Parameters: name String, empty for all.
-- Columns: body, the graph as JSON. Reads stage_graphs, which is small, by its key (name).
SELECT body
FROM stage_graphs FINAL
WHERE {name:String} = '' OR name = {name:String}
ORDER BY name
