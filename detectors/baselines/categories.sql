-- Most frequent categories of every categorical slot of a reference.
-- Parameters: model String; versions Array(String), empty for all; since, until DateTime64(3);
--   width UInt16, categorical slots; missing String, the value that stands for a missing category;
--   known UInt32, how many to list a slot; window_seconds UInt32 and excluded Array(Int64), numbers since
--   1970 of windows that are left out.
-- Columns: slot (0-based); category; rows that hold it; distinct_categories of that slot, and how many of
--   them (singletons) were seen once. Most frequent first, ties by name.
-- Reads inference_events by its key (model, ts).
SELECT slot, category, rows, distinct_categories, singletons
FROM (
    SELECT
        slot,
        category,
        count() AS rows,
        count() OVER (PARTITION BY slot) AS distinct_categories,
        countIf(rows = 1) OVER (PARTITION BY slot) AS singletons
    FROM inference_events
    ARRAY JOIN
        range({width:UInt16}) AS slot,
        arrayResize(categorical, {width:UInt16}, toLowCardinality({missing:String})) AS category
    WHERE model = {model:String} AND status IN ('ok', 'error')
        AND ts >= {since:DateTime64(3, 'UTC')} AND ts < {until:DateTime64(3, 'UTC')}
        AND (empty({versions:Array(String)}) OR version IN {versions:Array(String)})
        AND (empty({excluded:Array(Int64)})
            OR intDiv(toUnixTimestamp64Milli(ts), 1000 * {window_seconds:UInt32}) NOT IN {excluded:Array(Int64)})
        AND category != {missing:String}
    GROUP BY slot, category
)
ORDER BY slot, rows DESC, category
LIMIT {known:UInt32} BY slot
