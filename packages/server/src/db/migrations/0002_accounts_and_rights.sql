-- Who may: accounts, outside identities, tokens, roles and rights, bans, invites, the audit log. Adds only, so that the
-- version before keeps running.

ALTER TABLE klatch.users
  ADD COLUMN avatar_url  text,
  -- Of the whole server, not of a room.
  ADD COLUMN is_admin    boolean NOT NULL DEFAULT false,
  ADD COLUMN banned_at   timestamptz,
  ADD COLUMN deleted_at  timestamptz,
  -- Tokens issued before this are void: a password was changed, or someone signed out everywhere.
  ADD COLUMN tokens_from timestamptz;

CREATE INDEX users_by_prefix ON klatch.users (username_key COLLATE "C");

-- A name with a row here is its owner's alone, also in open mode.
CREATE TABLE klatch.accounts (
  user_id       uuid PRIMARY KEY,
  password_hash text NOT NULL,
  created_at    timestamptz NOT NULL,
  changed_at    timestamptz NOT NULL
);

-- Users of an outside issuer: (issuer, subject) as OpenID Connect Core 2 names a person.
CREATE TABLE klatch.identities (
  issuer     text NOT NULL,
  subject    text NOT NULL,
  user_id    uuid NOT NULL,
  created_at timestamptz NOT NULL,
  PRIMARY KEY (issuer, subject)
);
CREATE INDEX identities_of_user ON klatch.identities (user_id);

-- One sign-in and all refresh tokens that follow from it. Only the newest is good; an older one ends the family.
CREATE TABLE klatch.token_families (
  id           uuid PRIMARY KEY,
  user_id      uuid NOT NULL,
  created_at   timestamptz NOT NULL,
  expires_at   timestamptz NOT NULL,
  refreshed_at timestamptz NOT NULL,
  ended_at     timestamptz,
  secret_hash  bytea NOT NULL
);
CREATE INDEX token_families_of_user ON klatch.token_families (user_id) WHERE ended_at IS NULL;
CREATE INDEX token_families_by_expiry ON klatch.token_families (expires_at);

-- Of one use; only a hash is kept.
CREATE TABLE klatch.tickets (
  hash       bytea PRIMARY KEY,
  user_id    uuid NOT NULL,
  family_id  uuid,
  -- Until when the token was good that the ticket was bought with.
  token_until timestamptz,
  expires_at timestamptz NOT NULL
);
CREATE INDEX tickets_by_expiry ON klatch.tickets (expires_at);

-- What every node must know alike and nobody else: the key that signs our tokens.
CREATE TABLE klatch.secrets (
  name       text PRIMARY KEY,
  value      bytea NOT NULL,
  created_at timestamptz NOT NULL
);

-- Of an application's back end; only a hash is kept.
CREATE TABLE klatch.api_keys (
  id         uuid PRIMARY KEY,
  name       text NOT NULL,
  hash       bytea NOT NULL UNIQUE,
  created_at timestamptz NOT NULL,
  created_by uuid,
  ended_at   timestamptz
);

-- Who speaks where nobody does: what a back end does in its own name.
INSERT INTO klatch.users (id, username, username_key, display_name, created_at)
VALUES ('00000000-0000-7000-8000-000000005e57', 'klatch.system', 'klatch.system', 'System', now())
ON CONFLICT DO NOTHING;
INSERT INTO klatch.identities (issuer, subject, user_id, created_at)
VALUES ('klatch', 'system', '00000000-0000-7000-8000-000000005e57', now());

ALTER TABLE klatch.rooms
  ADD COLUMN archived_at timestamptz,
  ADD COLUMN slow_mode_s int NOT NULL DEFAULT 0 CHECK (slow_mode_s >= 0),
  -- The least role for each act that is not the kind's default: {"post": "moderator"}.
  ADD COLUMN rights      jsonb NOT NULL DEFAULT '{}';

ALTER TABLE klatch.members
  ADD COLUMN muted_until timestamptz;

-- Whoever is banned from a room cannot come back, by whatever way.
CREATE TABLE klatch.room_bans (
  room_id    uuid NOT NULL,
  user_id    uuid NOT NULL,
  banned_by  uuid NOT NULL,
  banned_at  timestamptz NOT NULL,
  until      timestamptz,
  reason     text NOT NULL DEFAULT '',
  PRIMARY KEY (room_id, user_id)
);

CREATE TABLE klatch.invites (
  code_hash  bytea PRIMARY KEY,
  id         uuid NOT NULL UNIQUE,
  room_id    uuid NOT NULL,
  created_by uuid NOT NULL,
  created_at timestamptz NOT NULL,
  expires_at timestamptz NOT NULL,
  uses_max   int NOT NULL CHECK (uses_max > 0),
  uses       int NOT NULL DEFAULT 0,
  role       text NOT NULL CHECK (role IN ('member', 'reader')),
  ended_at   timestamptz
);
CREATE INDEX invites_of_room ON klatch.invites (room_id);

-- Who did what to whom, when, from where. Each row's hash covers the row and the hash before it, so that a row that was
-- changed or taken out shows; the trigger keeps honest programs from trying.
CREATE TABLE klatch.audit (
  id         bigint PRIMARY KEY,
  at         timestamptz NOT NULL,
  actor_id   uuid,
  actor      text NOT NULL,
  action     text NOT NULL,
  target     text NOT NULL DEFAULT '',
  room_id    uuid,
  address    text NOT NULL DEFAULT '',
  details    jsonb NOT NULL DEFAULT '{}',
  hash       bytea NOT NULL
);
CREATE INDEX audit_by_actor ON klatch.audit (actor_id, id);

CREATE FUNCTION klatch.audit_is_append_only() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION 'klatch.audit is append-only' USING ERRCODE = 'insufficient_privilege';
END $$;
CREATE TRIGGER audit_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON klatch.audit
  FOR EACH STATEMENT EXECUTE FUNCTION klatch.audit_is_append_only();
