-- Labelled events of one binary classifier over 30 days: a probability with six digits, a calibrated truth, weights
--   1, 1.25, 1.5 or 1.75, all from hashes of the row's number and a seed. A part of them, to be inserted in turn.
-- Parameters: recipe UInt64; first, rows UInt64, numbers of the part; total UInt64, of all events; begin UInt32,
--   Unix seconds; seed UInt64.
INSERT INTO labelled_events
    (model, recipe, name, version, ts, event_key, weight, truth, prediction, truth_value, predicted_value, scores, segments, labelled_at, label_received_at)
SELECT
    'quality',
    {recipe:UInt64},
    '',
    '1',
    toDateTime64({begin:UInt32}, 3, 'UTC') + toIntervalMillisecond(intDiv(i * 2592000000, {total:UInt64})) AS at,
    cityHash64(i),
    1 + bitAnd(hash, 3) * 0.25,
    if((bitShiftRight(hash, 12) + 0.5) / 4503599627370496 < p, 'bad', 'good'),
    if(p >= 0.5, 'bad', 'good'),
    nan,
    nan,
    [p],
    [],
    at,
    at
FROM (
    SELECT
        number + {first:UInt64} AS i,
        intHash64(i * 2 + {seed:UInt64}) AS hash,
        round(pow(bitShiftRight(intHash64(i * 2 + 1 + {seed:UInt64}), 12) / 4503599627370496, 2), 6) AS p
    FROM numbers_mt({rows:UInt64})
)
