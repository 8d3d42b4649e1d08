-- Events of a model spread over a range, with ids as random as UUIDs are.
-- Parameters: model String; first, rows UInt64, numbers of the events; begin DateTime64(3); step_ms Float64 between two.
-- Writes inference_events, received when they happened: the join looks again at events of the last two minutes.
INSERT INTO inference_events (model, version, ts, event_id, status, weight, numeric, categorical, received_at)
SELECT
    {model:String},
    '1',
    {begin:DateTime64(3, 'UTC')} + toIntervalMillisecond(toUInt64(number * {step_ms:Float64})) AS ts,
    toString(reinterpretAsUUID(concat(reinterpretAsFixedString(cityHash64(number)), reinterpretAsFixedString(cityHash64(number, 1))))),
    'ok',
    1.,
    arrayMap(i -> (cityHash64(number, i) % 1000) / 1000., range(20)),
    [if(number % 10 < 9, 'a', 'b'), toString(number % 7), toString(number % 50)],
    ts
FROM numbers({first:UInt64}, {rows:UInt64})
