-- Answered events of a model by window, and what is wrong with the propensities in them.
-- Parameters: model String; since, until DateTime64(3), half-open and on window borders; window_seconds UInt32;
--   propensity_slot UInt16, position from 1 of the numeric column with the propensity, 0 for none.
-- Columns: window_start; rows; clipped, of them with a propensity below 0.01; invalid, with none between 0 and 1.
-- Reads inference_events by its key (model, ts).
SELECT
    fromUnixTimestamp64Milli(intDiv(toUnixTimestamp64Milli(ts), 1000 * {window_seconds:UInt32}) * 1000 * {window_seconds:UInt32}, 'UTC') AS window_start,
    count() AS rows,
    countIf(propensity >= 0 AND propensity < 0.01) AS clipped,
    countIf(NOT (propensity >= 0 AND propensity <= 1)) AS invalid
FROM (
    SELECT ts, if({propensity_slot:UInt16} = 0, 1., if(length(numeric) >= {propensity_slot:UInt16}, numeric[greatest({propensity_slot:UInt16}, 1)], nan)) AS propensity
    FROM inference_events
    WHERE model = {model:String} AND status = 'ok'
        AND ts >= {since:DateTime64(3, 'UTC')} AND ts < {until:DateTime64(3, 'UTC')}
)
GROUP BY window_start
ORDER BY window_start
