-- Packed scores of many models in a range of windows.
-- Parameters: models Array(String), those that are read; since, until DateTime64(3), the half-open range of
--   window starts; window_seconds UInt32.
-- Constants (a table of one row sent along): asked_models, asked_versions, asked_baselines, asked_segments
--   Array(String) and asked_shapes Array(UInt64): one series at each index.
-- Columns: position, which of them, from 1; window, its number since 1970; computed, when it was written, in
--   microseconds since 1970; scores, little-endian Float32. No order; a window may come more than once.
-- Reads window_scores by its partitions (weeks) and the prefix model of its key.
WITH
    (SELECT arrayMap((m, v, b, s, shape) -> cityHash64(m, v, b, s, shape),
        asked_models, asked_versions, asked_baselines, asked_segments, asked_shapes) FROM constants) AS asked,
    indexOf(asked, cityHash64(toString(model), toString(version), baseline_id, toString(segment), shape)) AS place
SELECT
    toUInt32(place) AS position,
    toInt64(intDiv(toUnixTimestamp64Milli(window_start), 1000 * {window_seconds:UInt32})) AS window,
    toUnixTimestamp64Micro(computed_at) AS computed,
    scores
FROM window_scores
PREWHERE model IN {models:Array(String)} AND place > 0
    AND window_start >= {since:DateTime64(3, 'UTC')} AND window_start < {until:DateTime64(3, 'UTC')}
