-- The recipe in force for a model and each of its versions that has one.
-- Parameters: model String.
-- Columns: version; name; recipe (JSON); declared_at.
-- Reads baseline_recipes by the prefix (model) of its key.
SELECT
    toString(version) AS version,
    argMax(baseline_recipes.name, baseline_recipes.declared_at) AS name,
    argMax(baseline_recipes.recipe, baseline_recipes.declared_at) AS recipe,
    max(baseline_recipes.declared_at) AS declared_at
FROM baseline_recipes
WHERE model = {model:String}
GROUP BY version
ORDER BY version
