-- Ids of all actions of some episodes.
-- Parameters: episode_ids Array(String). Columns: action_id.
SELECT DISTINCT action_id FROM actions WHERE episode_id IN {episode_ids:Array(String)}
