-- How far numeric outputs of a version spread: what a tolerance in standard deviations is measured by.
-- Parameters: model, version String; since, until DateTime64(3), half-open; number_slots Array(UInt16), positions
--   from 1.
-- Columns: spreads, standard deviation of the finite values of each, NaN with fewer than two.
-- Reads inference_events by its key (model, ts).
SELECT groupArray(spread) AS spreads
FROM (
    SELECT at, stddevSampIf(value, isFinite(value)) AS spread
    FROM (
        SELECT arrayMap(slot -> if(length(numeric) >= slot, numeric[slot], nan), {number_slots:Array(UInt16)}) AS numbers
        FROM inference_events
        WHERE model = {model:String} AND version = {version:String} AND status = 'ok'
            AND ts >= {since:DateTime64(3, 'UTC')} AND ts < {until:DateTime64(3, 'UTC')}
    )
    ARRAY JOIN numbers AS value, arrayEnumerate(numbers) AS at
    GROUP BY at
    ORDER BY at
)
