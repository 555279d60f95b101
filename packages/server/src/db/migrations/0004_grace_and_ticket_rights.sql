-- Adds only, so that the version before keeps running.

-- The secret before the newest: good once more for a moment, for whom the answer with the newest never reached.
ALTER TABLE klatch.token_families ADD COLUMN previous_hash bytea;

-- Administrator's rights that the roles of an outside token gave to who bought the ticket.
ALTER TABLE klatch.tickets ADD COLUMN is_admin boolean NOT NULL DEFAULT false;
