-- Which of some models have an open episode.
-- Parameters: models Array(String).
-- Columns: model.
-- Reads episodes by its key (model, episode_id).
SELECT DISTINCT model FROM episodes FINAL WHERE model IN {models:Array(String)} AND state = 'open'
