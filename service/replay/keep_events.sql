-- Takes the retention off tables of a scratch database: a replayed history may be older than what is kept
-- of live traffic, and expired rows would vanish as they come. No parameters.
ALTER TABLE inference_events REMOVE TTL;
ALTER TABLE window_scores REMOVE TTL;
