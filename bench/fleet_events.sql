-- Events of many models: ROWS a window and model, 40 numeric fields (logistic) and 10 categorical ones of 30
-- categories, from a hash of row, field and seed.
-- Parameters: models UInt32, models; first UInt32, number of the first; rows UInt32, a model and window;
--   begin UInt32, Unix seconds; windows UInt32, of an hour each; seed UInt64.
INSERT INTO inference_events
    (model, version, instance, ts, event_id, trace_id, status, latency_ms, weight, numeric, categorical, received_at)
SELECT
    concat('m', leftPad(toString({first:UInt32} + intDiv(number, {rows:UInt32} * {windows:UInt32})), 5, '0')),
    '1',
    'bench',
    toDateTime64({begin:UInt32}, 3, 'UTC') + toIntervalMillisecond(intDiv((number % ({rows:UInt32} * {windows:UInt32})) * 3600000, {rows:UInt32})) AS at,
    hex(intHash64(number + {seed:UInt64})),
    '',
    'ok',
    1,
    1,
    arrayMap(u -> log(u / (1 - u)), arrayMap(i -> (bitShiftRight(intHash64((number + {first:UInt32} * 1000003) * 64 + i + {seed:UInt64} * 1000000007), 12) + 0.5) / 4503599627370496, range(40))),
    arrayMap(i -> concat('category-', toString(toUInt8(30 * pow(bitShiftRight(intHash64((number + {first:UInt32} * 1000003) * 64 + 40 + i + {seed:UInt64} * 1000000007), 12) / 4503599627370496, 2)))), range(10)),
    at + 1
FROM numbers_mt(toUInt64({models:UInt32}) * {rows:UInt32} * {windows:UInt32})
