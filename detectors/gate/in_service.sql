-- Versions that answered live traffic in the last day before the newest answer, the busiest first.
-- Parameters: model, version String, a candidate that is left out.
-- Columns: version; events.
-- Reads inference_events by its key (model, ts).
SELECT toString(version) AS version, count() AS events
FROM inference_events
WHERE model = {model:String} AND version != {version:String} AND ts > (
        SELECT max(ts) - INTERVAL 1 DAY
        FROM inference_events
        WHERE model = {model:String} AND version != {version:String}
    )
GROUP BY version
ORDER BY events DESC, version
