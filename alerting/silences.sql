-- Silences that end after a moment, in their newest revision, oldest first.
-- Parameters: after DateTime64(3); silence_id String, empty for all.
-- Columns: those of table silences. Reads all of silences: people write few.
SELECT
    silence_id, models, teams, kinds, author, reason, since, until, revision
FROM silences FINAL
WHERE until > {after:DateTime64(3, 'UTC')} AND ({silence_id:String} = '' OR silence_id = {silence_id:String})
ORDER BY since, silence_id
