-- Every label that came for one event.
-- Parameters: model, event_id String.
-- Columns: name; label; labelled_at; received_at; propensity (0..1); source; counts, 1 for the newest of its name.
-- Reads labels by its key (model, event_id).
SELECT toString(name) AS name, label, labelled_at, received_at, propensity, toString(source) AS source,
    received_at = max(received_at) OVER (PARTITION BY name) AS counts
FROM labels
WHERE model = {model:String} AND event_id = {event_id:String}
ORDER BY received_at DESC, name
LIMIT 1000
