-- Which of the given events were sampled.
-- Parameters: model String, event_ids Array(String).
-- Columns: event_id. Reads inference_events by the prefix (model) of its key.
SELECT DISTINCT event_id
FROM inference_events
WHERE model = {model:String} AND event_id IN {event_ids:Array(String)}
