-- Takes over one share of a staged delivery; of several labels for one event and name the latest by labelled_at.
-- Parameters: delivery, model, source String; shares, share UInt64, rows whose event id hashes to this share.
-- Writes labels. Reads one partition of staged_labels.
INSERT INTO labels (model, event_id, label, labelled_at, name, propensity, source)
SELECT {model:String}, event_id, newest.1, newest.2, name, newest.3, {source:String}
FROM (
    SELECT event_id, name, argMax((label, labelled_at, propensity), labelled_at) AS newest
    FROM staged_labels
    WHERE delivery = {delivery:String} AND fault = '' AND cityHash64(event_id) % {shares:UInt64} = {share:UInt64}
    GROUP BY event_id, name
)
