-- Answers of one model since a moment, counted with their sampling weights.
-- Parameters: model String; since DateTime64(3). Columns: answers.
-- Reads inference_events by the prefix (model) of its key and its partitions.
SELECT sum(weight) AS answers
FROM inference_events
WHERE model = {model:String} AND ts >= {since:DateTime64(3, 'UTC')}
