-- What owners declared: how the baseline of a model, or of one version of it, is made and kept. Kept apart
-- from the baselines, because a recipe is in force before there is traffic to follow it with. The newest row
-- of (model, version) counts, earlier ones stay.
CREATE TABLE IF NOT EXISTS baseline_recipes (
    model LowCardinality(String),
    version LowCardinality(String) COMMENT 'empty: any version, or each on its own for first_hours',
    name String COMMENT 'name of the baselines it makes; empty: from the recipe',
    recipe String COMMENT 'JSON',
    declared_at DateTime64(6, 'UTC')
) ENGINE = MergeTree ORDER BY (model, version, declared_at);
