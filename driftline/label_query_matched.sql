-- Which labels of one share of a staged delivery belong to sampled events.
-- Parameters: delivery, model String; shares, share UInt64; key_slot UInt16, position from 1 of the categorical column
--   that stands for the event id, 0 for the id.
-- Columns: matched; contradictory, labels that another of the same event and name differs from; unknown_examples, up to
--   five event ids.
-- Reads one partition of staged_labels, inference_events by the prefix (model) of its key.
WITH known AS (
    SELECT DISTINCT cityHash64(if({key_slot:UInt16} = 0, event_id, toString(categorical[greatest({key_slot:UInt16}, 1)]))) AS event_key
    FROM inference_events
    WHERE model = {model:String} AND event_key IN (
        SELECT cityHash64(event_id)
        FROM staged_labels
        WHERE delivery = {delivery:String} AND fault = '' AND cityHash64(event_id) % {shares:UInt64} = {share:UInt64}
    )
)
SELECT
    sumIf(rows, known) AS matched,
    sum(others) AS contradictory,
    groupArrayIf(5)(event_id, NOT known) AS unknown_examples
FROM (
    SELECT event_id, count() AS rows, uniqExact(label) - 1 AS others, cityHash64(event_id) IN (SELECT event_key FROM known) AS known
    FROM staged_labels
    WHERE delivery = {delivery:String} AND fault = '' AND cityHash64(event_id) % {shares:UInt64} = {share:UInt64}
    GROUP BY event_id, name
)
