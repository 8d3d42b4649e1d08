-- The recipe in force for each model and version.
-- Parameters: models Array(String), empty for all.
-- Columns: model; version; name; recipe (JSON); declared_at.
-- Reads baseline_recipes by its key (model, version, declared_at).
SELECT
    toString(model) AS model,
    toString(version) AS version,
    argMax(baseline_recipes.name, baseline_recipes.declared_at) AS name,
    argMax(baseline_recipes.recipe, baseline_recipes.declared_at) AS recipe,
    max(baseline_recipes.declared_at) AS declared_at
FROM baseline_recipes
WHERE empty({models:Array(String)}) OR model IN {models:Array(String)}
GROUP BY model, version
ORDER BY model, version
