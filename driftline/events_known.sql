-- Which of the given events were sampled.
-- Parameters: model String; key_slot UInt16, position from 1 of the categorical column that stands for the id, 0 for
--   the event id. Constants: event_ids Array(String).
-- Columns: known_id. Reads inference_events by the prefix (model) of its key.
SELECT DISTINCT if({key_slot:UInt16} = 0, event_id, toString(categorical[greatest({key_slot:UInt16}, 1)])) AS known_id
FROM inference_events
WHERE model = {model:String} AND known_id IN (SELECT arrayJoin(event_ids) FROM constants)
