-- Models with an episode that is open now.
-- Columns: open.
SELECT count() AS open FROM episodes FINAL WHERE state = 'open'
