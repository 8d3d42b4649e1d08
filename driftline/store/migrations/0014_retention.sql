-- Labels and profiles are deleted after the days that the settings say (driftline/store/retention.py): at most
-- once a day, because a merge that deletes rewrites its part, and labels have no partitions.
ALTER TABLE labels MODIFY SETTING merge_with_ttl_timeout = 86400;
ALTER TABLE profiles MODIFY SETTING merge_with_ttl_timeout = 86400;
