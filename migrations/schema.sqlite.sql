CREATE TABLE account (
    tenant_id BLOB NOT NULL,
    id BLOB NOT NULL,
    version INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    created_by TEXT NOT NULL,
    updated_at INTEGER NOT NULL,
    updated_by TEXT NOT NULL,
    deleted_at INTEGER,
    kind TEXT NOT NULL,
    name TEXT NOT NULL,
    name_folded TEXT NOT NULL,
    legal_name TEXT,
    legal_name_folded TEXT,
    domains TEXT NOT NULL,
    industry TEXT,
    employees INTEGER,
    annual_revenue_minor INTEGER,
    annual_revenue_currency TEXT,
    parent_id BLOB,
    contact_id BLOB,
    party_id BLOB NOT NULL,
    lifecycle TEXT NOT NULL,
    currency TEXT,
    language TEXT,
    country TEXT,
    city TEXT,
    city_folded TEXT,
    phone TEXT,
    website TEXT,
    credit_limit_minor INTEGER,
    credit_limit_currency TEXT,
    payment_terms_days INTEGER,
    description TEXT,
    merged_into_id BLOB,
    owner_id BLOB,
    tags TEXT NOT NULL, custom TEXT,
    PRIMARY KEY (tenant_id, id),
    CHECK ((annual_revenue_minor IS NULL) = (annual_revenue_currency IS NULL)),
    CHECK ((credit_limit_minor IS NULL) = (credit_limit_currency IS NULL)),
    CHECK ((kind = 'PERSON') = (contact_id IS NOT NULL)),
    FOREIGN KEY (tenant_id, parent_id) REFERENCES account (tenant_id, id),
    FOREIGN KEY (tenant_id, contact_id) REFERENCES contact (tenant_id, id),
    FOREIGN KEY (tenant_id, party_id) REFERENCES party (tenant_id, id),
    FOREIGN KEY (tenant_id, merged_into_id) REFERENCES account (tenant_id, id),
    FOREIGN KEY (tenant_id, owner_id) REFERENCES app_user (tenant_id, id)
) STRICT;

CREATE INDEX account_contact_id_index ON account (tenant_id, contact_id, id) WHERE contact_id IS NOT NULL;

CREATE INDEX account_merged_into_id_index ON account (tenant_id, merged_into_id, id) WHERE merged_into_id IS NOT NULL;

CREATE INDEX account_name_folded_index ON account (tenant_id, name_folded, id);

CREATE INDEX account_name_index ON account (tenant_id, name, id);

CREATE INDEX account_owner_id_index ON account (tenant_id, owner_id, id) WHERE owner_id IS NOT NULL;

CREATE INDEX account_owner_id_name_index ON account (tenant_id, owner_id, name, id) WHERE owner_id IS NOT NULL;

CREATE INDEX account_parent_id_index ON account (tenant_id, parent_id, id) WHERE parent_id IS NOT NULL;

CREATE INDEX account_party_id_index ON account (tenant_id, party_id, id);

CREATE TABLE account_contact (
    tenant_id BLOB NOT NULL,
    id BLOB NOT NULL,
    version INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    created_by TEXT NOT NULL,
    updated_at INTEGER NOT NULL,
    updated_by TEXT NOT NULL,
    deleted_at INTEGER,
    account_id BLOB NOT NULL,
    contact_id BLOB NOT NULL,
    role TEXT NOT NULL,
    title TEXT,
    since TEXT,
    until TEXT,
    is_primary INTEGER NOT NULL, custom TEXT,
    PRIMARY KEY (tenant_id, id),
    CHECK (until >= since),
    FOREIGN KEY (tenant_id, account_id) REFERENCES account (tenant_id, id),
    FOREIGN KEY (tenant_id, contact_id) REFERENCES contact (tenant_id, id)
) STRICT;

CREATE UNIQUE INDEX account_contact_account_contact_role_key ON account_contact (tenant_id, account_id, contact_id, role) WHERE deleted_at IS NULL;

CREATE INDEX account_contact_account_id_index ON account_contact (tenant_id, account_id, id);

CREATE INDEX account_contact_contact_id_index ON account_contact (tenant_id, contact_id, id);

CREATE TABLE account_user (
    tenant_id BLOB NOT NULL,
    id BLOB NOT NULL,
    version INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    created_by TEXT NOT NULL,
    updated_at INTEGER NOT NULL,
    updated_by TEXT NOT NULL,
    deleted_at INTEGER,
    user_id BLOB NOT NULL,
    account_id BLOB,
    contact_id BLOB,
    PRIMARY KEY (tenant_id, id),
    CHECK (account_id IS NOT NULL OR contact_id IS NOT NULL),
    FOREIGN KEY (tenant_id, user_id) REFERENCES app_user (tenant_id, id),
    FOREIGN KEY (tenant_id, account_id) REFERENCES account (tenant_id, id),
    FOREIGN KEY (tenant_id, contact_id) REFERENCES contact (tenant_id, id)
) STRICT;

CREATE INDEX account_user_account_id_index ON account_user (tenant_id, account_id, id) WHERE account_id IS NOT NULL;

CREATE INDEX account_user_contact_id_index ON account_user (tenant_id, contact_id, id) WHERE contact_id IS NOT NULL;

CREATE INDEX account_user_user_id_index ON account_user (tenant_id, user_id, id);

CREATE UNIQUE INDEX account_user_user_key ON account_user (tenant_id, user_id) WHERE deleted_at IS NULL;

CREATE TABLE address (
    tenant_id BLOB NOT NULL,
    id BLOB NOT NULL,
    version INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    created_by TEXT NOT NULL,
    updated_at INTEGER NOT NULL,
    updated_by TEXT NOT NULL,
    deleted_at INTEGER,
    party_id BLOB NOT NULL,
    kind TEXT NOT NULL,
    label TEXT,
    line1 TEXT NOT NULL,
    line1_folded TEXT NOT NULL,
    line2 TEXT,
    line2_folded TEXT,
    region TEXT,
    region_folded TEXT,
    postal_code TEXT,
    city TEXT,
    city_folded TEXT,
    country TEXT,
    latitude INTEGER,
    longitude INTEGER,
    preferred INTEGER NOT NULL, custom TEXT,
    PRIMARY KEY (tenant_id, id),
    FOREIGN KEY (tenant_id, party_id) REFERENCES party (tenant_id, id)
) STRICT;

CREATE INDEX address_party_id_index ON address (tenant_id, party_id, id);

CREATE TABLE api_key (
    tenant_id BLOB NOT NULL,
    id BLOB NOT NULL,
    version INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    created_by TEXT NOT NULL,
    updated_at INTEGER NOT NULL,
    updated_by TEXT NOT NULL,
    deleted_at INTEGER,
    name TEXT NOT NULL,
    name_folded TEXT NOT NULL,
    scopes TEXT NOT NULL,
    expires_at INTEGER,
    revoked_at INTEGER,
    hint TEXT NOT NULL,
    secret_hash TEXT NOT NULL, resource_scopes TEXT, sensitive INTEGER NOT NULL DEFAULT 0,
    PRIMARY KEY (tenant_id, id)
) STRICT;

CREATE UNIQUE INDEX api_key_secret_hash_key ON api_key (tenant_id, secret_hash) WHERE deleted_at IS NULL;

CREATE TABLE api_key_role (
    tenant_id BLOB NOT NULL,
    id BLOB NOT NULL,
    version INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    created_by TEXT NOT NULL,
    updated_at INTEGER NOT NULL,
    updated_by TEXT NOT NULL,
    deleted_at INTEGER,
    role_id BLOB NOT NULL,
    api_key_id BLOB NOT NULL,
    PRIMARY KEY (tenant_id, id),
    FOREIGN KEY (tenant_id, role_id) REFERENCES role (tenant_id, id),
    FOREIGN KEY (tenant_id, api_key_id) REFERENCES api_key (tenant_id, id)
) STRICT;

CREATE INDEX api_key_role_api_key_id_index ON api_key_role (tenant_id, api_key_id, id);

CREATE UNIQUE INDEX api_key_role_role_api_key_key ON api_key_role (tenant_id, role_id, api_key_id) WHERE deleted_at IS NULL;

CREATE INDEX api_key_role_role_id_index ON api_key_role (tenant_id, role_id, id);

CREATE TABLE app_user (
    tenant_id BLOB NOT NULL,
    id BLOB NOT NULL,
    version INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    created_by TEXT NOT NULL,
    updated_at INTEGER NOT NULL,
    updated_by TEXT NOT NULL,
    deleted_at INTEGER,
    name TEXT NOT NULL,
    name_folded TEXT NOT NULL,
    email TEXT,
    email_folded TEXT,
    title TEXT,
    phone TEXT,
    time_zone TEXT,
    language TEXT,
    active INTEGER NOT NULL,
    hired_on TEXT,
    manager_id BLOB, password_set_at INTEGER, password_hash TEXT, user_name TEXT, user_name_folded TEXT, given_name TEXT, given_name_folded TEXT, family_name TEXT, family_name_folded TEXT, audience TEXT NOT NULL DEFAULT 'STAFF', custom TEXT,
    PRIMARY KEY (tenant_id, id),
    FOREIGN KEY (tenant_id, manager_id) REFERENCES app_user (tenant_id, id)
) STRICT;

CREATE UNIQUE INDEX app_user_email_key ON app_user (tenant_id, email_folded) WHERE deleted_at IS NULL;

CREATE INDEX app_user_manager_id_index ON app_user (tenant_id, manager_id, id) WHERE manager_id IS NOT NULL;

CREATE UNIQUE INDEX app_user_user_name_key ON app_user (tenant_id, user_name_folded) WHERE deleted_at IS NULL;

CREATE TABLE audit_entry (
    tenant_id BLOB NOT NULL,
    id BLOB NOT NULL,
    version INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    created_by TEXT NOT NULL,
    updated_at INTEGER NOT NULL,
    updated_by TEXT NOT NULL,
    deleted_at INTEGER,
    sequence INTEGER NOT NULL,
    kind TEXT NOT NULL,
    change TEXT,
    resource TEXT,
    record TEXT,
    client TEXT,
    address TEXT,
    request TEXT NOT NULL,
    detail TEXT,
    hash TEXT NOT NULL,
    PRIMARY KEY (tenant_id, id)
) STRICT;

CREATE INDEX audit_entry_record_index ON audit_entry (tenant_id, record, id);

CREATE UNIQUE INDEX audit_entry_sequence_key ON audit_entry (tenant_id, sequence) WHERE deleted_at IS NULL;

CREATE TABLE audit_head (
    tenant_id BLOB NOT NULL,
    sequence INTEGER NOT NULL,
    hash TEXT NOT NULL,
    PRIMARY KEY (tenant_id)
) STRICT;

CREATE TABLE change_log (
    seq INTEGER PRIMARY KEY AUTOINCREMENT,
    tenant_id BLOB NOT NULL,
    resource TEXT NOT NULL,
    record_id BLOB NOT NULL,
    version INTEGER NOT NULL,
    at INTEGER NOT NULL,
    actor TEXT NOT NULL,
    client TEXT,
    request BLOB NOT NULL,
    kind TEXT NOT NULL,
    before TEXT,
    after TEXT
);

CREATE INDEX change_log_feed ON change_log (tenant_id, seq);

CREATE INDEX change_log_record ON change_log (tenant_id, record_id, version);

CREATE TABLE communication_preference (
    tenant_id BLOB NOT NULL,
    id BLOB NOT NULL,
    version INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    created_by TEXT NOT NULL,
    updated_at INTEGER NOT NULL,
    updated_by TEXT NOT NULL,
    deleted_at INTEGER,
    party_id BLOB NOT NULL,
    language TEXT,
    first_channel TEXT,
    second_channel TEXT,
    third_channel TEXT,
    quiet_from TEXT,
    quiet_until TEXT,
    time_zone TEXT,
    most_per_day INTEGER,
    most_per_week INTEGER,
    paused_until INTEGER,
    do_not_contact INTEGER NOT NULL, custom TEXT,
    PRIMARY KEY (tenant_id, id),
    FOREIGN KEY (tenant_id, party_id) REFERENCES party (tenant_id, id)
) STRICT;

CREATE INDEX communication_preference_party_id_index ON communication_preference (tenant_id, party_id, id);

CREATE UNIQUE INDEX communication_preference_party_key ON communication_preference (tenant_id, party_id) WHERE deleted_at IS NULL;

CREATE TABLE competitor (
    tenant_id BLOB NOT NULL,
    id BLOB NOT NULL,
    version INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    created_by TEXT NOT NULL,
    updated_at INTEGER NOT NULL,
    updated_by TEXT NOT NULL,
    deleted_at INTEGER,
    name TEXT NOT NULL,
    name_folded TEXT NOT NULL,
    website TEXT,
    strengths TEXT,
    weaknesses TEXT,
    custom TEXT,
    PRIMARY KEY (tenant_id, id)
) STRICT;

CREATE UNIQUE INDEX competitor_name_key ON competitor (tenant_id, name_folded) WHERE deleted_at IS NULL;

CREATE TABLE consent (
    tenant_id BLOB NOT NULL,
    id BLOB NOT NULL,
    version INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    created_by TEXT NOT NULL,
    updated_at INTEGER NOT NULL,
    updated_by TEXT NOT NULL,
    deleted_at INTEGER,
    party_id BLOB NOT NULL,
    purpose_id BLOB NOT NULL,
    contact_point_id BLOB,
    address TEXT,
    channel TEXT,
    controller_id BLOB,
    legal_basis TEXT NOT NULL,
    state TEXT NOT NULL,
    occurred_at INTEGER NOT NULL,
    source TEXT,
    evidence TEXT,
    notice_id BLOB,
    answers_id BLOB,
    token_digest TEXT,
    PRIMARY KEY (tenant_id, id),
    FOREIGN KEY (tenant_id, party_id) REFERENCES party (tenant_id, id),
    FOREIGN KEY (tenant_id, purpose_id) REFERENCES purpose (tenant_id, id),
    FOREIGN KEY (tenant_id, contact_point_id) REFERENCES contact_point (tenant_id, id),
    FOREIGN KEY (tenant_id, controller_id) REFERENCES account (tenant_id, id),
    FOREIGN KEY (tenant_id, notice_id) REFERENCES purpose_notice (tenant_id, id),
    FOREIGN KEY (tenant_id, answers_id) REFERENCES consent (tenant_id, id)
) STRICT;

CREATE INDEX consent_answers_id_index ON consent (tenant_id, answers_id, id) WHERE answers_id IS NOT NULL;

CREATE INDEX consent_contact_point_id_index ON consent (tenant_id, contact_point_id, id) WHERE contact_point_id IS NOT NULL;

CREATE INDEX consent_controller_id_index ON consent (tenant_id, controller_id, id) WHERE controller_id IS NOT NULL;

CREATE INDEX consent_notice_id_index ON consent (tenant_id, notice_id, id) WHERE notice_id IS NOT NULL;

CREATE INDEX consent_party_id_index ON consent (tenant_id, party_id, id);

CREATE INDEX consent_party_id_occurred_at_index ON consent (tenant_id, party_id, occurred_at, id);

CREATE INDEX consent_purpose_id_index ON consent (tenant_id, purpose_id, id);

CREATE INDEX consent_token_digest_index ON consent (tenant_id, token_digest, id);

CREATE TABLE contact (
    tenant_id BLOB NOT NULL,
    id BLOB NOT NULL,
    version INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    created_by TEXT NOT NULL,
    updated_at INTEGER NOT NULL,
    updated_by TEXT NOT NULL,
    deleted_at INTEGER,
    first_name TEXT,
    first_name_folded TEXT,
    last_name TEXT,
    last_name_folded TEXT,
    name TEXT NOT NULL,
    name_folded TEXT NOT NULL,
    email TEXT,
    email_folded TEXT,
    phone TEXT,
    mobile TEXT,
    title TEXT,
    title_folded TEXT,
    department TEXT,
    department_folded TEXT,
    birth_date TEXT,
    language TEXT,
    time_zone TEXT,
    city TEXT,
    city_folded TEXT,
    country TEXT,
    source TEXT,
    source_folded TEXT,
    account_id BLOB,
    party_id BLOB NOT NULL,
    merged_into_id BLOB,
    owner_id BLOB,
    tags TEXT NOT NULL, custom TEXT,
    PRIMARY KEY (tenant_id, id),
    CHECK (party_id = id),
    FOREIGN KEY (tenant_id, account_id) REFERENCES account (tenant_id, id),
    FOREIGN KEY (tenant_id, merged_into_id) REFERENCES contact (tenant_id, id),
    FOREIGN KEY (tenant_id, owner_id) REFERENCES app_user (tenant_id, id),
    FOREIGN KEY (tenant_id, id) REFERENCES party (tenant_id, id)
) STRICT;

CREATE INDEX contact_account_id_index ON contact (tenant_id, account_id, id) WHERE account_id IS NOT NULL;

CREATE INDEX contact_email_folded_index ON contact (tenant_id, email_folded, id);

CREATE INDEX contact_merged_into_id_index ON contact (tenant_id, merged_into_id, id) WHERE merged_into_id IS NOT NULL;

CREATE INDEX contact_name_folded_index ON contact (tenant_id, name_folded, id);

CREATE INDEX contact_name_index ON contact (tenant_id, name, id);

CREATE INDEX contact_owner_id_index ON contact (tenant_id, owner_id, id) WHERE owner_id IS NOT NULL;

CREATE INDEX contact_owner_id_name_index ON contact (tenant_id, owner_id, name, id) WHERE owner_id IS NOT NULL;

CREATE TABLE contact_decision (
    tenant_id BLOB NOT NULL,
    id BLOB NOT NULL,
    version INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    created_by TEXT NOT NULL,
    updated_at INTEGER NOT NULL,
    updated_by TEXT NOT NULL,
    deleted_at INTEGER,
    party_id BLOB NOT NULL,
    purpose_id BLOB NOT NULL,
    channel TEXT NOT NULL,
    contact_point_id BLOB,
    controller_id BLOB,
    verdict TEXT NOT NULL,
    other_channel TEXT,
    reasons TEXT NOT NULL,
    decided_at INTEGER NOT NULL,
    not_before INTEGER,
    consent_id BLOB,
    PRIMARY KEY (tenant_id, id),
    FOREIGN KEY (tenant_id, party_id) REFERENCES party (tenant_id, id),
    FOREIGN KEY (tenant_id, purpose_id) REFERENCES purpose (tenant_id, id),
    FOREIGN KEY (tenant_id, contact_point_id) REFERENCES contact_point (tenant_id, id),
    FOREIGN KEY (tenant_id, controller_id) REFERENCES account (tenant_id, id),
    FOREIGN KEY (tenant_id, consent_id) REFERENCES consent (tenant_id, id)
) STRICT;

CREATE INDEX contact_decision_consent_id_index ON contact_decision (tenant_id, consent_id, id) WHERE consent_id IS NOT NULL;

CREATE INDEX contact_decision_contact_point_id_index ON contact_decision (tenant_id, contact_point_id, id) WHERE contact_point_id IS NOT NULL;

CREATE INDEX contact_decision_controller_id_index ON contact_decision (tenant_id, controller_id, id) WHERE controller_id IS NOT NULL;

CREATE INDEX contact_decision_party_id_decided_at_index ON contact_decision (tenant_id, party_id, decided_at, id);

CREATE INDEX contact_decision_purpose_id_index ON contact_decision (tenant_id, purpose_id, id);

CREATE TABLE contact_point (
    tenant_id BLOB NOT NULL,
    id BLOB NOT NULL,
    version INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    created_by TEXT NOT NULL,
    updated_at INTEGER NOT NULL,
    updated_by TEXT NOT NULL,
    deleted_at INTEGER,
    party_id BLOB NOT NULL,
    kind TEXT NOT NULL,
    label TEXT,
    value TEXT NOT NULL,
    value_folded TEXT NOT NULL,
    normalized TEXT,
    preferred INTEGER NOT NULL,
    verified_at INTEGER,
    health TEXT NOT NULL, health_reason TEXT, health_reported_at INTEGER, custom TEXT,
    PRIMARY KEY (tenant_id, id),
    FOREIGN KEY (tenant_id, party_id) REFERENCES party (tenant_id, id)
) STRICT;

CREATE INDEX contact_point_party_id_index ON contact_point (tenant_id, party_id, id);

CREATE UNIQUE INDEX contact_point_party_kind_normalized_key ON contact_point (tenant_id, normalized, kind, party_id) WHERE deleted_at IS NULL;

CREATE TABLE custom_field (
    tenant_id BLOB NOT NULL,
    id BLOB NOT NULL,
    version INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    created_by TEXT NOT NULL,
    updated_at INTEGER NOT NULL,
    updated_by TEXT NOT NULL,
    deleted_at INTEGER,
    resource TEXT NOT NULL,
    name TEXT NOT NULL,
    label TEXT NOT NULL,
    label_folded TEXT NOT NULL,
    labels TEXT NOT NULL,
    description TEXT,
    kind TEXT NOT NULL,
    options TEXT NOT NULL,
    target TEXT,
    inverse TEXT,
    required INTEGER NOT NULL,
    is_unique INTEGER NOT NULL,
    indexed INTEGER NOT NULL,
    searched INTEGER NOT NULL,
    minimum INTEGER,
    maximum INTEGER,
    max_length INTEGER,
    default_value TEXT,
    key TEXT NOT NULL, sensitive INTEGER NOT NULL DEFAULT 0, option_labels TEXT NOT NULL DEFAULT '[]', retired_keys TEXT NOT NULL DEFAULT '[]',
    PRIMARY KEY (tenant_id, id)
) STRICT;

CREATE UNIQUE INDEX custom_field_resource_name_key ON custom_field (tenant_id, resource, name) WHERE deleted_at IS NULL;

CREATE TABLE custom_object (
    tenant_id BLOB NOT NULL,
    id BLOB NOT NULL,
    version INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    created_by TEXT NOT NULL,
    updated_at INTEGER NOT NULL,
    updated_by TEXT NOT NULL,
    deleted_at INTEGER,
    name TEXT NOT NULL,
    plural TEXT NOT NULL,
    label TEXT NOT NULL,
    label_folded TEXT NOT NULL,
    labels TEXT NOT NULL,
    description TEXT,
    title TEXT NOT NULL,
    key TEXT NOT NULL,
    PRIMARY KEY (tenant_id, id)
) STRICT;

CREATE UNIQUE INDEX custom_object_name_key ON custom_object (tenant_id, name) WHERE deleted_at IS NULL;

CREATE UNIQUE INDEX custom_object_plural_key ON custom_object (tenant_id, plural) WHERE deleted_at IS NULL;

CREATE TABLE custom_record (
    tenant_id BLOB NOT NULL,
    id BLOB NOT NULL,
    version INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    created_by TEXT NOT NULL,
    updated_at INTEGER NOT NULL,
    updated_by TEXT NOT NULL,
    deleted_at INTEGER,
    object TEXT NOT NULL,
    name TEXT NOT NULL,
    name_folded TEXT NOT NULL,
    owner_id BLOB,
    tags TEXT NOT NULL, custom TEXT,
    PRIMARY KEY (tenant_id, id),
    FOREIGN KEY (tenant_id, owner_id) REFERENCES app_user (tenant_id, id)
) STRICT;

CREATE INDEX custom_record_name_folded_index ON custom_record (tenant_id, name_folded, id);

CREATE INDEX custom_record_object_index ON custom_record (tenant_id, object, id);

CREATE INDEX custom_record_object_name_index ON custom_record (tenant_id, object, name, id);

CREATE INDEX custom_record_owner_id_index ON custom_record (tenant_id, owner_id, id) WHERE owner_id IS NOT NULL;

CREATE INDEX custom_record_owner_id_name_index ON custom_record (tenant_id, object, owner_id, name, id) WHERE owner_id IS NOT NULL;

CREATE TABLE customer_event (
    tenant_id BLOB NOT NULL,
    id BLOB NOT NULL,
    version INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    created_by TEXT NOT NULL,
    updated_at INTEGER NOT NULL,
    updated_by TEXT NOT NULL,
    deleted_at INTEGER,
    kind TEXT NOT NULL,
    name TEXT,
    name_folded TEXT,
    visitor_id BLOB,
    party_id BLOB,
    occurred_at INTEGER NOT NULL,
    url TEXT,
    value_minor INTEGER,
    value_currency TEXT,
    properties TEXT NOT NULL,
    PRIMARY KEY (tenant_id, id),
    CHECK ((value_minor IS NULL) = (value_currency IS NULL)),
    FOREIGN KEY (tenant_id, visitor_id) REFERENCES visitor (tenant_id, id),
    FOREIGN KEY (tenant_id, party_id) REFERENCES party (tenant_id, id)
) STRICT;

CREATE INDEX customer_event_party_id_occurred_at_index ON customer_event (tenant_id, party_id, occurred_at, id);

CREATE INDEX customer_event_visitor_id_occurred_at_index ON customer_event (tenant_id, visitor_id, occurred_at, id);

CREATE TABLE discount_limit (
    tenant_id BLOB NOT NULL,
    id BLOB NOT NULL,
    version INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    created_by TEXT NOT NULL,
    updated_at INTEGER NOT NULL,
    updated_by TEXT NOT NULL,
    deleted_at INTEGER,
    role_id BLOB NOT NULL,
    percent INTEGER NOT NULL,
    PRIMARY KEY (tenant_id, id),
    FOREIGN KEY (tenant_id, role_id) REFERENCES role (tenant_id, id)
) STRICT;

CREATE INDEX discount_limit_role_id_index ON discount_limit (tenant_id, role_id, id);

CREATE UNIQUE INDEX discount_limit_role_key ON discount_limit (tenant_id, role_id) WHERE deleted_at IS NULL;

CREATE TABLE duplicate_rule (
    tenant_id BLOB NOT NULL,
    id BLOB NOT NULL,
    version INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    created_by TEXT NOT NULL,
    updated_at INTEGER NOT NULL,
    updated_by TEXT NOT NULL,
    deleted_at INTEGER,
    name TEXT NOT NULL,
    name_folded TEXT NOT NULL,
    party_kind TEXT NOT NULL,
    pair_by_email INTEGER NOT NULL,
    pair_by_phone INTEGER NOT NULL,
    pair_by_website INTEGER NOT NULL,
    pair_by_tax_id INTEGER NOT NULL,
    pair_by_name INTEGER NOT NULL,
    name_weight INTEGER NOT NULL,
    email_weight INTEGER NOT NULL,
    phone_weight INTEGER NOT NULL,
    website_weight INTEGER NOT NULL,
    tax_id_weight INTEGER NOT NULL,
    birth_date_weight INTEGER NOT NULL,
    city_weight INTEGER NOT NULL,
    threshold INTEGER NOT NULL,
    at_creation TEXT NOT NULL,
    active INTEGER NOT NULL, custom TEXT,
    PRIMARY KEY (tenant_id, id)
) STRICT;

CREATE UNIQUE INDEX duplicate_rule_name_key ON duplicate_rule (tenant_id, name_folded) WHERE deleted_at IS NULL;

CREATE TABLE exchange_rate (
    tenant_id BLOB NOT NULL,
    id BLOB NOT NULL,
    version INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    created_by TEXT NOT NULL,
    updated_at INTEGER NOT NULL,
    updated_by TEXT NOT NULL,
    deleted_at INTEGER,
    from_currency TEXT NOT NULL,
    to_currency TEXT NOT NULL,
    valid_on TEXT NOT NULL,
    rate INTEGER NOT NULL,
    source TEXT,
    PRIMARY KEY (tenant_id, id)
) STRICT;

CREATE UNIQUE INDEX exchange_rate_from_to_on_key ON exchange_rate (tenant_id, from_currency, to_currency, valid_on) WHERE deleted_at IS NULL;

CREATE TABLE export_job (
    tenant_id BLOB NOT NULL,
    id BLOB NOT NULL,
    version INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    created_by TEXT NOT NULL,
    updated_at INTEGER NOT NULL,
    updated_by TEXT NOT NULL,
    deleted_at INTEGER,
    resource TEXT NOT NULL,
    fields TEXT,
    filter TEXT,
    with_deleted INTEGER NOT NULL,
    format TEXT NOT NULL,
    guarded INTEGER NOT NULL,
    state TEXT NOT NULL,
    started_at INTEGER,
    finished_at INTEGER,
    expires_at INTEGER NOT NULL,
    failure_code TEXT,
    failure TEXT,
    content_bytes INTEGER,
    content_key TEXT,
    file_name TEXT,
    mapping_text TEXT,
    records_written INTEGER NOT NULL,
    PRIMARY KEY (tenant_id, id)
) STRICT;

CREATE INDEX export_job_state_index ON export_job (tenant_id, state, id);

CREATE TABLE external_id (
    tenant_id BLOB NOT NULL,
    id BLOB NOT NULL,
    version INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    created_by TEXT NOT NULL,
    updated_at INTEGER NOT NULL,
    updated_by TEXT NOT NULL,
    deleted_at INTEGER,
    system TEXT NOT NULL,
    value TEXT NOT NULL,
    record_resource TEXT NOT NULL,
    record_id BLOB NOT NULL,
    PRIMARY KEY (tenant_id, id)
) STRICT;

CREATE INDEX external_id_record_id_index ON external_id (tenant_id, record_id, id);

CREATE UNIQUE INDEX external_id_system_resource_value_key ON external_id (tenant_id, system, record_resource, value) WHERE deleted_at IS NULL;

CREATE TABLE external_identity (
    tenant_id BLOB NOT NULL,
    id BLOB NOT NULL,
    version INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    created_by TEXT NOT NULL,
    updated_at INTEGER NOT NULL,
    updated_by TEXT NOT NULL,
    deleted_at INTEGER,
    user_id BLOB NOT NULL,
    identity_provider_id BLOB NOT NULL,
    issuer TEXT NOT NULL,
    subject TEXT NOT NULL,
    email TEXT NOT NULL,
    PRIMARY KEY (tenant_id, id),
    FOREIGN KEY (tenant_id, user_id) REFERENCES app_user (tenant_id, id),
    FOREIGN KEY (tenant_id, identity_provider_id) REFERENCES identity_provider (tenant_id, id)
) STRICT;

CREATE INDEX external_identity_identity_provider_id_index ON external_identity (tenant_id, identity_provider_id, id);

CREATE UNIQUE INDEX external_identity_issuer_subject_key ON external_identity (tenant_id, issuer, subject) WHERE deleted_at IS NULL;

CREATE INDEX external_identity_user_id_index ON external_identity (tenant_id, user_id, id);

CREATE TABLE feed_member (
    tenant_id BLOB NOT NULL,
    view_id BLOB NOT NULL,
    resource TEXT NOT NULL,
    record_id BLOB NOT NULL,
    gained INTEGER NOT NULL,
    gained_by TEXT NOT NULL,
    lost INTEGER,
    lost_by TEXT,
    PRIMARY KEY (tenant_id, view_id, resource, record_id, gained),
    FOREIGN KEY (tenant_id, view_id) REFERENCES feed_view (tenant_id, id) ON DELETE CASCADE
) WITHOUT ROWID;

CREATE INDEX feed_member_gained ON feed_member (tenant_id, view_id, gained) WHERE gained > 0;

CREATE INDEX feed_member_lost ON feed_member (tenant_id, view_id, lost) WHERE lost IS NOT NULL;

CREATE TABLE feed_view (
    tenant_id BLOB NOT NULL,
    id BLOB NOT NULL,
    principal TEXT NOT NULL,
    fingerprint TEXT NOT NULL,
    request TEXT NOT NULL,
    state TEXT NOT NULL,
    step INTEGER NOT NULL,
    xid INTEGER NOT NULL,
    seq INTEGER NOT NULL,
    used_at INTEGER NOT NULL,
    PRIMARY KEY (tenant_id, id)
) WITHOUT ROWID;

CREATE UNIQUE INDEX feed_view_of ON feed_view (tenant_id, principal, fingerprint);

CREATE INDEX feed_view_used ON feed_view (used_at);

CREATE TABLE field_rule (
    tenant_id BLOB NOT NULL,
    id BLOB NOT NULL,
    version INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    created_by TEXT NOT NULL,
    updated_at INTEGER NOT NULL,
    updated_by TEXT NOT NULL,
    deleted_at INTEGER,
    role_id BLOB NOT NULL,
    resource TEXT NOT NULL,
    field_name TEXT NOT NULL,
    access TEXT NOT NULL,
    PRIMARY KEY (tenant_id, id),
    FOREIGN KEY (tenant_id, role_id) REFERENCES role (tenant_id, id)
) STRICT;

CREATE INDEX field_rule_role_id_index ON field_rule (tenant_id, role_id, id);

CREATE UNIQUE INDEX field_rule_role_resource_field_key ON field_rule (tenant_id, role_id, resource, field_name) WHERE deleted_at IS NULL;

CREATE TABLE file (
    tenant_id BLOB NOT NULL,
    id BLOB NOT NULL,
    version INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    created_by TEXT NOT NULL,
    updated_at INTEGER NOT NULL,
    updated_by TEXT NOT NULL,
    deleted_at INTEGER,
    name TEXT NOT NULL,
    name_folded TEXT NOT NULL,
    record_resource TEXT,
    record_id BLOB,
    description TEXT,
    media_type TEXT NOT NULL,
    size INTEGER NOT NULL,
    sha256 TEXT NOT NULL,
    content_path TEXT NOT NULL,
    owner_id BLOB,
    tags TEXT NOT NULL,
    PRIMARY KEY (tenant_id, id),
    CHECK ((record_resource IS NULL) = (record_id IS NULL)),
    CHECK (size >= 0),
    FOREIGN KEY (tenant_id, owner_id) REFERENCES app_user (tenant_id, id)
) STRICT;

CREATE INDEX file_owner_id_index ON file (tenant_id, owner_id, id) WHERE owner_id IS NOT NULL;

CREATE INDEX file_record_id_created_at_index ON file (tenant_id, record_id, created_at, id);

CREATE INDEX file_record_id_index ON file (tenant_id, record_id, id);

CREATE INDEX file_sha256_index ON file (tenant_id, sha256, id);

CREATE TABLE follower (
    tenant_id BLOB NOT NULL,
    id BLOB NOT NULL,
    version INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    created_by TEXT NOT NULL,
    updated_at INTEGER NOT NULL,
    updated_by TEXT NOT NULL,
    deleted_at INTEGER,
    user_id BLOB NOT NULL,
    record_resource TEXT NOT NULL,
    record_id BLOB NOT NULL,
    muted INTEGER NOT NULL,
    user_with_record TEXT NOT NULL,
    PRIMARY KEY (tenant_id, id),
    FOREIGN KEY (tenant_id, user_id) REFERENCES app_user (tenant_id, id)
) STRICT;

CREATE INDEX follower_record_id_index ON follower (tenant_id, record_id, id);

CREATE INDEX follower_user_id_index ON follower (tenant_id, user_id, id);

CREATE UNIQUE INDEX follower_user_record_key ON follower (tenant_id, user_id, user_with_record) WHERE deleted_at IS NULL;

CREATE TABLE household_member (
    tenant_id BLOB NOT NULL,
    id BLOB NOT NULL,
    version INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    created_by TEXT NOT NULL,
    updated_at INTEGER NOT NULL,
    updated_by TEXT NOT NULL,
    deleted_at INTEGER,
    account_id BLOB NOT NULL,
    party_id BLOB NOT NULL,
    role TEXT NOT NULL,
    since TEXT,
    until TEXT, custom TEXT,
    PRIMARY KEY (tenant_id, id),
    CHECK (until >= since),
    FOREIGN KEY (tenant_id, account_id) REFERENCES account (tenant_id, id),
    FOREIGN KEY (tenant_id, party_id) REFERENCES party (tenant_id, id)
) STRICT;

CREATE INDEX household_member_account_id_index ON household_member (tenant_id, account_id, id);

CREATE UNIQUE INDEX household_member_account_party_since_key ON household_member (tenant_id, account_id, party_id, since) WHERE deleted_at IS NULL;

CREATE INDEX household_member_party_id_index ON household_member (tenant_id, party_id, id);

CREATE TABLE idempotency (
    tenant_id BLOB NOT NULL,
    principal TEXT NOT NULL,
    key TEXT NOT NULL,
    fingerprint TEXT NOT NULL,
    status INTEGER NOT NULL,
    resource TEXT NOT NULL,
    record_id BLOB NOT NULL,
    version INTEGER NOT NULL,
    at INTEGER NOT NULL,
    answer TEXT,
    PRIMARY KEY (tenant_id, principal, key)
) WITHOUT ROWID;

CREATE INDEX idempotency_at ON idempotency (at);

CREATE TABLE identity_provider (
    tenant_id BLOB NOT NULL,
    id BLOB NOT NULL,
    version INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    created_by TEXT NOT NULL,
    updated_at INTEGER NOT NULL,
    updated_by TEXT NOT NULL,
    deleted_at INTEGER,
    name TEXT NOT NULL,
    name_folded TEXT NOT NULL,
    issuer TEXT NOT NULL,
    client_id TEXT NOT NULL,
    scopes TEXT NOT NULL,
    email_domains TEXT,
    creates_users INTEGER NOT NULL,
    role_id BLOB,
    active INTEGER NOT NULL,
    client_secret_set_at INTEGER,
    shared_secret TEXT,
    PRIMARY KEY (tenant_id, id),
    FOREIGN KEY (tenant_id, role_id) REFERENCES role (tenant_id, id)
) STRICT;

CREATE UNIQUE INDEX identity_provider_issuer_key ON identity_provider (tenant_id, issuer) WHERE deleted_at IS NULL;

CREATE UNIQUE INDEX identity_provider_name_key ON identity_provider (tenant_id, name_folded) WHERE deleted_at IS NULL;

CREATE INDEX identity_provider_role_id_index ON identity_provider (tenant_id, role_id, id) WHERE role_id IS NOT NULL;

CREATE TABLE import_job (
    tenant_id BLOB NOT NULL,
    id BLOB NOT NULL,
    version INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    created_by TEXT NOT NULL,
    updated_at INTEGER NOT NULL,
    updated_by TEXT NOT NULL,
    deleted_at INTEGER,
    file_name TEXT,
    file_name_folded TEXT,
    mapping_id BLOB,
    mapping_name TEXT,
    mapping_text TEXT NOT NULL,
    rows TEXT,
    format TEXT,
    writing TEXT NOT NULL,
    state TEXT NOT NULL,
    started_at INTEGER,
    finished_at INTEGER,
    expires_at INTEGER NOT NULL,
    failure_code TEXT,
    failure TEXT,
    content_bytes INTEGER,
    content_key TEXT,
    encoding TEXT,
    rows_read INTEGER NOT NULL,
    rows_refused INTEGER NOT NULL,
    records_created INTEGER NOT NULL,
    records_updated INTEGER NOT NULL,
    records_unchanged INTEGER NOT NULL,
    records_refused INTEGER NOT NULL,
    problem_count INTEGER NOT NULL,
    checkpoint TEXT, allow_duplicates INTEGER NOT NULL DEFAULT 0, scopes TEXT,
    PRIMARY KEY (tenant_id, id),
    FOREIGN KEY (tenant_id, mapping_id) REFERENCES import_mapping (tenant_id, id)
) STRICT;

CREATE INDEX import_job_mapping_id_index ON import_job (tenant_id, mapping_id, id) WHERE mapping_id IS NOT NULL;

CREATE INDEX import_job_state_index ON import_job (tenant_id, state, id);

CREATE TABLE import_mapping (
    tenant_id BLOB NOT NULL,
    id BLOB NOT NULL,
    version INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    created_by TEXT NOT NULL,
    updated_at INTEGER NOT NULL,
    updated_by TEXT NOT NULL,
    deleted_at INTEGER,
    name TEXT NOT NULL,
    name_folded TEXT NOT NULL,
    description TEXT,
    text TEXT NOT NULL,
    resources TEXT NOT NULL,
    PRIMARY KEY (tenant_id, id)
) STRICT;

CREATE UNIQUE INDEX import_mapping_name_key ON import_mapping (tenant_id, name_folded) WHERE deleted_at IS NULL;

CREATE TABLE import_problem (
    tenant_id BLOB NOT NULL,
    id BLOB NOT NULL,
    version INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    created_by TEXT NOT NULL,
    updated_at INTEGER NOT NULL,
    updated_by TEXT NOT NULL,
    deleted_at INTEGER,
    import_id BLOB NOT NULL,
    row_number INTEGER NOT NULL,
    line_number INTEGER NOT NULL,
    record TEXT,
    field TEXT,
    column_names TEXT,
    code TEXT NOT NULL,
    message TEXT NOT NULL,
    given TEXT,
    PRIMARY KEY (tenant_id, id),
    FOREIGN KEY (tenant_id, import_id) REFERENCES import_job (tenant_id, id)
) STRICT;

CREATE INDEX import_problem_import_id_index ON import_problem (tenant_id, import_id, id);

CREATE TABLE inbox_event (
    tenant_id BLOB NOT NULL,
    id BLOB NOT NULL,
    version INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    created_by TEXT NOT NULL,
    updated_at INTEGER NOT NULL,
    updated_by TEXT NOT NULL,
    deleted_at INTEGER,
    source_id BLOB NOT NULL,
    event_id TEXT NOT NULL,
    received_at INTEGER NOT NULL,
    status TEXT NOT NULL,
    key TEXT,
    attempts INTEGER NOT NULL,
    finished_at INTEGER,
    failure_code TEXT,
    failure TEXT,
    failure_pointer TEXT,
    failure_step TEXT,
    records TEXT NOT NULL,
    body_bytes INTEGER NOT NULL,
    body_encoding TEXT NOT NULL,
    body TEXT,
    headers TEXT,
    PRIMARY KEY (tenant_id, id),
    FOREIGN KEY (tenant_id, source_id) REFERENCES inbox_source (tenant_id, id)
) STRICT;

CREATE INDEX inbox_event_age_index ON inbox_event (received_at);

CREATE UNIQUE INDEX inbox_event_source_event_key ON inbox_event (tenant_id, source_id, event_id) WHERE deleted_at IS NULL;

CREATE INDEX inbox_event_source_id_index ON inbox_event (tenant_id, source_id, id);

CREATE INDEX inbox_event_source_id_key_index ON inbox_event (tenant_id, source_id, key, id);

CREATE INDEX inbox_event_source_id_status_index ON inbox_event (tenant_id, source_id, status, id);

CREATE TABLE inbox_source (
    tenant_id BLOB NOT NULL,
    id BLOB NOT NULL,
    version INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    created_by TEXT NOT NULL,
    updated_at INTEGER NOT NULL,
    updated_by TEXT NOT NULL,
    deleted_at INTEGER,
    name TEXT NOT NULL,
    name_folded TEXT NOT NULL,
    description TEXT,
    state TEXT NOT NULL,
    signature TEXT NOT NULL,
    signature_header TEXT,
    signature_encoding TEXT NOT NULL,
    signature_prefix TEXT,
    format TEXT NOT NULL,
    event_id_header TEXT,
    event_id_pointer TEXT,
    key_pointer TEXT,
    mapping TEXT,
    allow_duplicates INTEGER NOT NULL,
    previous_secret_until INTEGER,
    signing_secret TEXT NOT NULL,
    previous_secret TEXT,
    scopes TEXT NOT NULL,
    owner_id BLOB,
    PRIMARY KEY (tenant_id, id),
    FOREIGN KEY (tenant_id, owner_id) REFERENCES app_user (tenant_id, id)
) STRICT;

CREATE INDEX inbox_source_owner_id_index ON inbox_source (tenant_id, owner_id, id) WHERE owner_id IS NOT NULL;

CREATE TABLE interaction (
    tenant_id BLOB NOT NULL,
    id BLOB NOT NULL,
    version INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    created_by TEXT NOT NULL,
    updated_at INTEGER NOT NULL,
    updated_by TEXT NOT NULL,
    deleted_at INTEGER,
    kind TEXT NOT NULL,
    direction TEXT,
    channel TEXT,
    subject TEXT NOT NULL,
    subject_folded TEXT NOT NULL,
    body TEXT,
    outcome TEXT,
    outcome_folded TEXT,
    occurred_at INTEGER NOT NULL,
    duration INTEGER,
    cost_minor INTEGER,
    cost_currency TEXT,
    owner_id BLOB,
    tags TEXT NOT NULL, custom TEXT,
    PRIMARY KEY (tenant_id, id),
    CHECK ((cost_minor IS NULL) = (cost_currency IS NULL)),
    CHECK (duration >= 0),
    FOREIGN KEY (tenant_id, owner_id) REFERENCES app_user (tenant_id, id)
) STRICT;

CREATE INDEX interaction_occurred_at_index ON interaction (tenant_id, occurred_at, id);

CREATE INDEX interaction_owner_id_index ON interaction (tenant_id, owner_id, id) WHERE owner_id IS NOT NULL;

CREATE TABLE interaction_participant (
    tenant_id BLOB NOT NULL,
    id BLOB NOT NULL,
    version INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    created_by TEXT NOT NULL,
    updated_at INTEGER NOT NULL,
    updated_by TEXT NOT NULL,
    deleted_at INTEGER,
    interaction_id BLOB NOT NULL,
    party_id BLOB NOT NULL,
    role TEXT NOT NULL,
    occurred_at INTEGER NOT NULL,
    kind TEXT NOT NULL,
    subject TEXT NOT NULL, custom TEXT,
    PRIMARY KEY (tenant_id, id),
    FOREIGN KEY (tenant_id, interaction_id) REFERENCES interaction (tenant_id, id),
    FOREIGN KEY (tenant_id, party_id) REFERENCES party (tenant_id, id)
) STRICT;

CREATE INDEX interaction_participant_interaction_id_index ON interaction_participant (tenant_id, interaction_id, id);

CREATE UNIQUE INDEX interaction_participant_interaction_party_key ON interaction_participant (tenant_id, interaction_id, party_id) WHERE deleted_at IS NULL;

CREATE INDEX interaction_participant_party_id_occurred_at_index ON interaction_participant (tenant_id, party_id, occurred_at, id);

CREATE TABLE job (
    tenant_id BLOB NOT NULL,
    id BLOB NOT NULL,
    version INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    created_by TEXT NOT NULL,
    updated_at INTEGER NOT NULL,
    updated_by TEXT NOT NULL,
    deleted_at INTEGER,
    kind TEXT NOT NULL,
    import_id BLOB,
    export_id BLOB,
    state TEXT NOT NULL,
    run_at INTEGER NOT NULL,
    attempts INTEGER NOT NULL,
    started_at INTEGER,
    finished_at INTEGER,
    failure_code TEXT,
    failure TEXT,
    on_behalf_of TEXT NOT NULL,
    maker_scopes TEXT,
    inbox_source_id BLOB,
    PRIMARY KEY (tenant_id, id),
    FOREIGN KEY (tenant_id, import_id) REFERENCES import_job (tenant_id, id),
    FOREIGN KEY (tenant_id, export_id) REFERENCES export_job (tenant_id, id),
    FOREIGN KEY (tenant_id, inbox_source_id) REFERENCES inbox_source (tenant_id, id)
) STRICT;

CREATE INDEX job_export_id_index ON job (tenant_id, export_id, id) WHERE export_id IS NOT NULL;

CREATE INDEX job_import_id_index ON job (tenant_id, import_id, id) WHERE import_id IS NOT NULL;

CREATE INDEX job_inbox_source_id_index ON job (tenant_id, inbox_source_id, id) WHERE inbox_source_id IS NOT NULL;

CREATE INDEX job_turn_index ON job (state, tenant_id, id);

CREATE TABLE job_content (
    tenant_id BLOB NOT NULL,
    id BLOB NOT NULL,
    version INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    created_by TEXT NOT NULL,
    updated_at INTEGER NOT NULL,
    updated_by TEXT NOT NULL,
    deleted_at INTEGER,
    data TEXT NOT NULL,
    PRIMARY KEY (tenant_id, id)
) STRICT;

CREATE TABLE job_lease (
    tenant_id BLOB NOT NULL,
    id BLOB NOT NULL,
    version INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    created_by TEXT NOT NULL,
    updated_at INTEGER NOT NULL,
    updated_by TEXT NOT NULL,
    deleted_at INTEGER,
    holder TEXT NOT NULL,
    until INTEGER NOT NULL,
    PRIMARY KEY (tenant_id, id)
) STRICT;

CREATE TABLE lead (
    tenant_id BLOB NOT NULL,
    id BLOB NOT NULL,
    version INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    created_by TEXT NOT NULL,
    updated_at INTEGER NOT NULL,
    updated_by TEXT NOT NULL,
    deleted_at INTEGER,
    topic TEXT NOT NULL,
    topic_folded TEXT NOT NULL,
    contact_id BLOB NOT NULL,
    company TEXT,
    company_folded TEXT,
    account_id BLOB,
    status TEXT NOT NULL,
    source TEXT,
    source_folded TEXT,
    score INTEGER NOT NULL,
    scored_at INTEGER,
    estimated_amount_minor INTEGER,
    estimated_amount_currency TEXT,
    description TEXT,
    assigned_at INTEGER,
    status_since INTEGER NOT NULL,
    disqualified_reason TEXT,
    opportunity_id BLOB,
    converted_at INTEGER,
    made_account INTEGER NOT NULL,
    owner_id BLOB,
    tags TEXT NOT NULL,
    custom TEXT,
    PRIMARY KEY (tenant_id, id),
    CHECK ((estimated_amount_minor IS NULL) = (estimated_amount_currency IS NULL)),
    FOREIGN KEY (tenant_id, contact_id) REFERENCES contact (tenant_id, id),
    FOREIGN KEY (tenant_id, account_id) REFERENCES account (tenant_id, id),
    FOREIGN KEY (tenant_id, opportunity_id) REFERENCES opportunity (tenant_id, id),
    FOREIGN KEY (tenant_id, owner_id) REFERENCES app_user (tenant_id, id)
) STRICT;

CREATE INDEX lead_account_id_index ON lead (tenant_id, account_id, id) WHERE account_id IS NOT NULL;

CREATE INDEX lead_contact_id_created_at_index ON lead (tenant_id, contact_id, created_at, id);

CREATE INDEX lead_contact_id_index ON lead (tenant_id, contact_id, id);

CREATE INDEX lead_opportunity_id_index ON lead (tenant_id, opportunity_id, id) WHERE opportunity_id IS NOT NULL;

CREATE INDEX lead_owner_id_index ON lead (tenant_id, owner_id, id) WHERE owner_id IS NOT NULL;

CREATE INDEX lead_owner_id_status_assigned_at_index ON lead (tenant_id, owner_id, status, assigned_at);

CREATE TABLE lead_assignment_rule (
    tenant_id BLOB NOT NULL,
    id BLOB NOT NULL,
    version INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    created_by TEXT NOT NULL,
    updated_at INTEGER NOT NULL,
    updated_by TEXT NOT NULL,
    deleted_at INTEGER,
    name TEXT NOT NULL,
    name_folded TEXT NOT NULL,
    position INTEGER NOT NULL,
    condition TEXT,
    assignee_resource TEXT NOT NULL,
    assignee_id BLOB NOT NULL,
    capacity INTEGER,
    active INTEGER NOT NULL,
    PRIMARY KEY (tenant_id, id)
) STRICT;

CREATE INDEX lead_assignment_rule_assignee_id_index ON lead_assignment_rule (tenant_id, assignee_id, id);

CREATE TABLE lost_reason (
    tenant_id BLOB NOT NULL,
    id BLOB NOT NULL,
    version INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    created_by TEXT NOT NULL,
    updated_at INTEGER NOT NULL,
    updated_by TEXT NOT NULL,
    deleted_at INTEGER,
    name TEXT NOT NULL,
    name_folded TEXT NOT NULL,
    description TEXT,
    active INTEGER NOT NULL,
    PRIMARY KEY (tenant_id, id)
) STRICT;

CREATE UNIQUE INDEX lost_reason_name_key ON lost_reason (tenant_id, name_folded) WHERE deleted_at IS NULL;

CREATE TABLE meeting (
    tenant_id BLOB NOT NULL,
    id BLOB NOT NULL,
    version INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    created_by TEXT NOT NULL,
    updated_at INTEGER NOT NULL,
    updated_by TEXT NOT NULL,
    deleted_at INTEGER,
    title TEXT NOT NULL,
    title_folded TEXT NOT NULL,
    description TEXT,
    starts_at INTEGER NOT NULL,
    ends_at INTEGER NOT NULL,
    time_zone TEXT NOT NULL,
    location TEXT,
    location_folded TEXT,
    status TEXT NOT NULL,
    record_resource TEXT,
    record_id BLOB,
    uid TEXT NOT NULL,
    sequence INTEGER NOT NULL,
    owner_id BLOB,
    tags TEXT NOT NULL, custom TEXT,
    PRIMARY KEY (tenant_id, id),
    CHECK ((record_resource IS NULL) = (record_id IS NULL)),
    CHECK (ends_at >= starts_at),
    FOREIGN KEY (tenant_id, owner_id) REFERENCES app_user (tenant_id, id)
) STRICT;

CREATE INDEX meeting_owner_id_index ON meeting (tenant_id, owner_id, id) WHERE owner_id IS NOT NULL;

CREATE INDEX meeting_record_id_index ON meeting (tenant_id, record_id, id);

CREATE INDEX meeting_record_id_starts_at_index ON meeting (tenant_id, record_id, starts_at, id) WHERE record_id IS NOT NULL;

CREATE INDEX meeting_starts_at_index ON meeting (tenant_id, starts_at, id);

CREATE UNIQUE INDEX meeting_uid_key ON meeting (tenant_id, uid) WHERE deleted_at IS NULL;

CREATE TABLE meeting_attendee (
    tenant_id BLOB NOT NULL,
    id BLOB NOT NULL,
    version INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    created_by TEXT NOT NULL,
    updated_at INTEGER NOT NULL,
    updated_by TEXT NOT NULL,
    deleted_at INTEGER,
    meeting_id BLOB NOT NULL,
    email TEXT NOT NULL,
    email_folded TEXT NOT NULL,
    name TEXT,
    name_folded TEXT,
    party_id BLOB,
    user_id BLOB,
    role TEXT NOT NULL,
    answer TEXT NOT NULL,
    answered_at INTEGER, starts_at INTEGER NOT NULL DEFAULT 0, title TEXT NOT NULL DEFAULT '', status TEXT NOT NULL DEFAULT '',
    PRIMARY KEY (tenant_id, id),
    FOREIGN KEY (tenant_id, meeting_id) REFERENCES meeting (tenant_id, id),
    FOREIGN KEY (tenant_id, party_id) REFERENCES party (tenant_id, id),
    FOREIGN KEY (tenant_id, user_id) REFERENCES app_user (tenant_id, id)
) STRICT;

CREATE UNIQUE INDEX meeting_attendee_meeting_email_key ON meeting_attendee (tenant_id, meeting_id, email_folded) WHERE deleted_at IS NULL;

CREATE INDEX meeting_attendee_meeting_id_index ON meeting_attendee (tenant_id, meeting_id, id);

CREATE INDEX meeting_attendee_party_id_index ON meeting_attendee (tenant_id, party_id, id) WHERE party_id IS NOT NULL;

CREATE INDEX meeting_attendee_party_id_starts_at_index ON meeting_attendee (tenant_id, party_id, starts_at, id) WHERE party_id IS NOT NULL;

CREATE INDEX meeting_attendee_user_id_index ON meeting_attendee (tenant_id, user_id, id) WHERE user_id IS NOT NULL;

CREATE TABLE mention (
    tenant_id BLOB NOT NULL,
    id BLOB NOT NULL,
    version INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    created_by TEXT NOT NULL,
    updated_at INTEGER NOT NULL,
    updated_by TEXT NOT NULL,
    deleted_at INTEGER,
    user_id BLOB NOT NULL,
    record_resource TEXT NOT NULL,
    record_id BLOB NOT NULL,
    excerpt TEXT,
    PRIMARY KEY (tenant_id, id),
    FOREIGN KEY (tenant_id, user_id) REFERENCES app_user (tenant_id, id)
) STRICT;

CREATE INDEX mention_record_id_index ON mention (tenant_id, record_id, id);

CREATE INDEX mention_user_id_index ON mention (tenant_id, user_id, id);

CREATE TABLE note (
    tenant_id BLOB NOT NULL,
    id BLOB NOT NULL,
    version INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    created_by TEXT NOT NULL,
    updated_at INTEGER NOT NULL,
    updated_by TEXT NOT NULL,
    deleted_at INTEGER,
    record_resource TEXT NOT NULL,
    record_id BLOB NOT NULL,
    title TEXT,
    title_folded TEXT,
    body TEXT NOT NULL,
    pinned INTEGER NOT NULL,
    owner_id BLOB, custom TEXT,
    PRIMARY KEY (tenant_id, id),
    FOREIGN KEY (tenant_id, owner_id) REFERENCES app_user (tenant_id, id)
) STRICT;

CREATE INDEX note_owner_id_index ON note (tenant_id, owner_id, id) WHERE owner_id IS NOT NULL;

CREATE INDEX note_record_id_created_at_index ON note (tenant_id, record_id, created_at, id);

CREATE INDEX note_record_id_index ON note (tenant_id, record_id, id);

CREATE TABLE notification (
    tenant_id BLOB NOT NULL,
    id BLOB NOT NULL,
    version INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    created_by TEXT NOT NULL,
    updated_at INTEGER NOT NULL,
    updated_by TEXT NOT NULL,
    deleted_at INTEGER,
    user_id BLOB NOT NULL,
    kind TEXT NOT NULL,
    record_resource TEXT,
    record_id BLOB,
    text TEXT,
    read_at INTEGER,
    PRIMARY KEY (tenant_id, id),
    CHECK ((record_resource IS NULL) = (record_id IS NULL)),
    FOREIGN KEY (tenant_id, user_id) REFERENCES app_user (tenant_id, id)
) STRICT;

CREATE INDEX notification_record_id_index ON notification (tenant_id, record_id, id);

CREATE INDEX notification_user_id_index ON notification (tenant_id, user_id, id);

CREATE TABLE oauth_client (
    tenant_id BLOB NOT NULL,
    id BLOB NOT NULL,
    version INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    created_by TEXT NOT NULL,
    updated_at INTEGER NOT NULL,
    updated_by TEXT NOT NULL,
    deleted_at INTEGER,
    name TEXT NOT NULL,
    name_folded TEXT NOT NULL,
    kind TEXT NOT NULL,
    redirect_uris TEXT,
    scopes TEXT NOT NULL,
    authorization_code INTEGER NOT NULL,
    refresh_tokens INTEGER NOT NULL,
    device_code INTEGER NOT NULL,
    client_credentials INTEGER NOT NULL,
    token_exchange INTEGER NOT NULL,
    run_as_id BLOB,
    active INTEGER NOT NULL,
    client_id TEXT NOT NULL,
    hint TEXT,
    secret_hash TEXT, resource_scopes TEXT, sensitive INTEGER NOT NULL DEFAULT 0,
    PRIMARY KEY (tenant_id, id),
    FOREIGN KEY (tenant_id, run_as_id) REFERENCES app_user (tenant_id, id)
) STRICT;

CREATE INDEX oauth_client_run_as_id_index ON oauth_client (tenant_id, run_as_id, id) WHERE run_as_id IS NOT NULL;

CREATE TABLE opportunity (
    tenant_id BLOB NOT NULL,
    id BLOB NOT NULL,
    version INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    created_by TEXT NOT NULL,
    updated_at INTEGER NOT NULL,
    updated_by TEXT NOT NULL,
    deleted_at INTEGER,
    name TEXT NOT NULL,
    name_folded TEXT NOT NULL,
    account_id BLOB NOT NULL,
    contact_id BLOB,
    pipeline_id BLOB NOT NULL,
    stage_id BLOB NOT NULL,
    status TEXT NOT NULL,
    kind TEXT NOT NULL,
    currency TEXT NOT NULL,
    amount_minor INTEGER,
    amount_currency TEXT,
    amount_source TEXT NOT NULL,
    line_item_count INTEGER NOT NULL,
    line_total_minor INTEGER,
    line_total_currency TEXT,
    expected_amount_minor INTEGER,
    expected_amount_currency TEXT,
    base_amount_minor INTEGER,
    base_amount_currency TEXT,
    base_expected_amount_minor INTEGER,
    base_expected_amount_currency TEXT,
    probability INTEGER NOT NULL,
    forecast_category TEXT NOT NULL,
    close_date TEXT NOT NULL,
    close_date_slips INTEGER NOT NULL,
    source TEXT,
    source_folded TEXT,
    next_step TEXT,
    description TEXT,
    checked_items TEXT NOT NULL,
    stage_since INTEGER NOT NULL,
    stale_at INTEGER,
    closed_at INTEGER,
    lost_reason_id BLOB,
    lost_to_id BLOB,
    outcome_note TEXT,
    owner_id BLOB,
    tags TEXT NOT NULL,
    custom TEXT,
    PRIMARY KEY (tenant_id, id),
    CHECK ((amount_minor IS NULL) = (amount_currency IS NULL)),
    CHECK ((line_total_minor IS NULL) = (line_total_currency IS NULL)),
    CHECK ((expected_amount_minor IS NULL) = (expected_amount_currency IS NULL)),
    CHECK ((base_amount_minor IS NULL) = (base_amount_currency IS NULL)),
    CHECK ((base_expected_amount_minor IS NULL) = (base_expected_amount_currency IS NULL)),
    FOREIGN KEY (tenant_id, account_id) REFERENCES account (tenant_id, id),
    FOREIGN KEY (tenant_id, contact_id) REFERENCES contact (tenant_id, id),
    FOREIGN KEY (tenant_id, pipeline_id) REFERENCES pipeline (tenant_id, id),
    FOREIGN KEY (tenant_id, stage_id) REFERENCES stage (tenant_id, id),
    FOREIGN KEY (tenant_id, lost_reason_id) REFERENCES lost_reason (tenant_id, id),
    FOREIGN KEY (tenant_id, lost_to_id) REFERENCES competitor (tenant_id, id),
    FOREIGN KEY (tenant_id, owner_id) REFERENCES app_user (tenant_id, id)
) STRICT;

CREATE INDEX opportunity_account_id_created_at_index ON opportunity (tenant_id, account_id, created_at, id);

CREATE INDEX opportunity_account_id_index ON opportunity (tenant_id, account_id, id);

CREATE INDEX opportunity_close_date_index ON opportunity (tenant_id, close_date, id);

CREATE INDEX opportunity_contact_id_index ON opportunity (tenant_id, contact_id, id) WHERE contact_id IS NOT NULL;

CREATE INDEX opportunity_lost_reason_id_index ON opportunity (tenant_id, lost_reason_id, id) WHERE lost_reason_id IS NOT NULL;

CREATE INDEX opportunity_lost_to_id_index ON opportunity (tenant_id, lost_to_id, id) WHERE lost_to_id IS NOT NULL;

CREATE INDEX opportunity_owner_id_index ON opportunity (tenant_id, owner_id, id) WHERE owner_id IS NOT NULL;

CREATE INDEX opportunity_pipeline_id_index ON opportunity (tenant_id, pipeline_id, id);

CREATE INDEX opportunity_stage_id_index ON opportunity (tenant_id, stage_id, id);

CREATE INDEX opportunity_stage_id_stage_since_index ON opportunity (tenant_id, stage_id, stage_since, id);

CREATE TABLE opportunity_competitor (
    tenant_id BLOB NOT NULL,
    id BLOB NOT NULL,
    version INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    created_by TEXT NOT NULL,
    updated_at INTEGER NOT NULL,
    updated_by TEXT NOT NULL,
    deleted_at INTEGER,
    opportunity_id BLOB NOT NULL,
    competitor_id BLOB NOT NULL,
    threat TEXT NOT NULL,
    notes TEXT,
    PRIMARY KEY (tenant_id, id),
    FOREIGN KEY (tenant_id, opportunity_id) REFERENCES opportunity (tenant_id, id),
    FOREIGN KEY (tenant_id, competitor_id) REFERENCES competitor (tenant_id, id)
) STRICT;

CREATE INDEX opportunity_competitor_competitor_id_index ON opportunity_competitor (tenant_id, competitor_id, id);

CREATE UNIQUE INDEX opportunity_competitor_key ON opportunity_competitor (tenant_id, opportunity_id, competitor_id) WHERE deleted_at IS NULL;

CREATE INDEX opportunity_competitor_opportunity_id_index ON opportunity_competitor (tenant_id, opportunity_id, id);

CREATE TABLE opportunity_contact (
    tenant_id BLOB NOT NULL,
    id BLOB NOT NULL,
    version INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    created_by TEXT NOT NULL,
    updated_at INTEGER NOT NULL,
    updated_by TEXT NOT NULL,
    deleted_at INTEGER,
    opportunity_id BLOB NOT NULL,
    contact_id BLOB NOT NULL,
    role TEXT NOT NULL,
    notes TEXT,
    PRIMARY KEY (tenant_id, id),
    FOREIGN KEY (tenant_id, opportunity_id) REFERENCES opportunity (tenant_id, id),
    FOREIGN KEY (tenant_id, contact_id) REFERENCES contact (tenant_id, id)
) STRICT;

CREATE INDEX opportunity_contact_contact_id_index ON opportunity_contact (tenant_id, contact_id, id);

CREATE UNIQUE INDEX opportunity_contact_key ON opportunity_contact (tenant_id, opportunity_id, contact_id, role) WHERE deleted_at IS NULL;

CREATE INDEX opportunity_contact_opportunity_id_index ON opportunity_contact (tenant_id, opportunity_id, id);

CREATE TABLE opportunity_line_item (
    tenant_id BLOB NOT NULL,
    id BLOB NOT NULL,
    version INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    created_by TEXT NOT NULL,
    updated_at INTEGER NOT NULL,
    updated_by TEXT NOT NULL,
    deleted_at INTEGER,
    opportunity_id BLOB NOT NULL,
    position INTEGER NOT NULL,
    product_id BLOB,
    description TEXT NOT NULL,
    description_folded TEXT NOT NULL,
    quantity INTEGER NOT NULL,
    unit_price_minor INTEGER NOT NULL,
    unit_price_currency TEXT NOT NULL,
    list_price_minor INTEGER,
    list_price_currency TEXT,
    discount_percent INTEGER NOT NULL,
    amount_minor INTEGER NOT NULL,
    amount_currency TEXT NOT NULL,
    partner_id BLOB,
    partner_credit_percent INTEGER NOT NULL,
    partner_credit_minor INTEGER,
    partner_credit_currency TEXT,
    PRIMARY KEY (tenant_id, id),
    CHECK ((list_price_minor IS NULL) = (list_price_currency IS NULL)),
    CHECK ((partner_credit_minor IS NULL) = (partner_credit_currency IS NULL)),
    FOREIGN KEY (tenant_id, opportunity_id) REFERENCES opportunity (tenant_id, id),
    FOREIGN KEY (tenant_id, product_id) REFERENCES product (tenant_id, id),
    FOREIGN KEY (tenant_id, partner_id) REFERENCES account (tenant_id, id)
) STRICT;

CREATE INDEX opportunity_line_item_opportunity_id_index ON opportunity_line_item (tenant_id, opportunity_id, id);

CREATE INDEX opportunity_line_item_partner_id_index ON opportunity_line_item (tenant_id, partner_id, id) WHERE partner_id IS NOT NULL;

CREATE INDEX opportunity_line_item_product_id_index ON opportunity_line_item (tenant_id, product_id, id) WHERE product_id IS NOT NULL;

CREATE TABLE opportunity_member (
    tenant_id BLOB NOT NULL,
    id BLOB NOT NULL,
    version INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    created_by TEXT NOT NULL,
    updated_at INTEGER NOT NULL,
    updated_by TEXT NOT NULL,
    deleted_at INTEGER,
    opportunity_id BLOB NOT NULL,
    user_id BLOB NOT NULL,
    role TEXT,
    role_folded TEXT,
    PRIMARY KEY (tenant_id, id),
    FOREIGN KEY (tenant_id, opportunity_id) REFERENCES opportunity (tenant_id, id),
    FOREIGN KEY (tenant_id, user_id) REFERENCES app_user (tenant_id, id)
) STRICT;

CREATE UNIQUE INDEX opportunity_member_key ON opportunity_member (tenant_id, opportunity_id, user_id) WHERE deleted_at IS NULL;

CREATE INDEX opportunity_member_opportunity_id_index ON opportunity_member (tenant_id, opportunity_id, id);

CREATE INDEX opportunity_member_user_id_index ON opportunity_member (tenant_id, user_id, id);

CREATE TABLE opportunity_split (
    tenant_id BLOB NOT NULL,
    id BLOB NOT NULL,
    version INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    created_by TEXT NOT NULL,
    updated_at INTEGER NOT NULL,
    updated_by TEXT NOT NULL,
    deleted_at INTEGER,
    opportunity_id BLOB NOT NULL,
    user_id BLOB NOT NULL,
    kind TEXT NOT NULL,
    percent INTEGER NOT NULL,
    amount_minor INTEGER,
    amount_currency TEXT,
    PRIMARY KEY (tenant_id, id),
    CHECK ((amount_minor IS NULL) = (amount_currency IS NULL)),
    FOREIGN KEY (tenant_id, opportunity_id) REFERENCES opportunity (tenant_id, id),
    FOREIGN KEY (tenant_id, user_id) REFERENCES app_user (tenant_id, id)
) STRICT;

CREATE UNIQUE INDEX opportunity_split_key ON opportunity_split (tenant_id, opportunity_id, kind, user_id) WHERE deleted_at IS NULL;

CREATE INDEX opportunity_split_opportunity_id_index ON opportunity_split (tenant_id, opportunity_id, id);

CREATE INDEX opportunity_split_user_id_index ON opportunity_split (tenant_id, user_id, id);

CREATE TABLE party (
    tenant_id BLOB NOT NULL,
    id BLOB NOT NULL,
    version INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    created_by TEXT NOT NULL,
    updated_at INTEGER NOT NULL,
    updated_by TEXT NOT NULL,
    deleted_at INTEGER,
    kind TEXT NOT NULL,
    name TEXT NOT NULL,
    name_folded TEXT NOT NULL,
    PRIMARY KEY (tenant_id, id)
) STRICT;

CREATE TABLE pipeline (
    tenant_id BLOB NOT NULL,
    id BLOB NOT NULL,
    version INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    created_by TEXT NOT NULL,
    updated_at INTEGER NOT NULL,
    updated_by TEXT NOT NULL,
    deleted_at INTEGER,
    name TEXT NOT NULL,
    name_folded TEXT NOT NULL,
    description TEXT,
    active INTEGER NOT NULL,
    is_default INTEGER NOT NULL,
    PRIMARY KEY (tenant_id, id)
) STRICT;

CREATE TABLE price_book (
    tenant_id BLOB NOT NULL,
    id BLOB NOT NULL,
    version INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    created_by TEXT NOT NULL,
    updated_at INTEGER NOT NULL,
    updated_by TEXT NOT NULL,
    deleted_at INTEGER,
    name TEXT NOT NULL,
    name_folded TEXT NOT NULL,
    description TEXT,
    currency TEXT NOT NULL,
    valid_from TEXT,
    valid_until TEXT,
    active INTEGER NOT NULL,
    is_default INTEGER NOT NULL,
    account_id BLOB,
    segment TEXT,
    default_key TEXT,
    PRIMARY KEY (tenant_id, id),
    FOREIGN KEY (tenant_id, account_id) REFERENCES account (tenant_id, id)
) STRICT;

CREATE INDEX price_book_account_id_index ON price_book (tenant_id, account_id, id) WHERE account_id IS NOT NULL;

CREATE UNIQUE INDEX price_book_default_key ON price_book (tenant_id, default_key) WHERE deleted_at IS NULL;

CREATE UNIQUE INDEX price_book_name_key ON price_book (tenant_id, name_folded) WHERE deleted_at IS NULL;

CREATE INDEX price_book_segment_index ON price_book (tenant_id, segment, id);

CREATE TABLE price_book_entry (
    tenant_id BLOB NOT NULL,
    id BLOB NOT NULL,
    version INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    created_by TEXT NOT NULL,
    updated_at INTEGER NOT NULL,
    updated_by TEXT NOT NULL,
    deleted_at INTEGER,
    price_book_id BLOB NOT NULL,
    product_id BLOB NOT NULL,
    unit_price_minor INTEGER NOT NULL,
    unit_price_currency TEXT NOT NULL,
    min_quantity INTEGER NOT NULL,
    valid_from TEXT,
    valid_until TEXT,
    open_key TEXT,
    PRIMARY KEY (tenant_id, id),
    FOREIGN KEY (tenant_id, price_book_id) REFERENCES price_book (tenant_id, id),
    FOREIGN KEY (tenant_id, product_id) REFERENCES product (tenant_id, id)
) STRICT;

CREATE UNIQUE INDEX price_book_entry_open_key ON price_book_entry (tenant_id, open_key) WHERE deleted_at IS NULL;

CREATE INDEX price_book_entry_price_book_id_index ON price_book_entry (tenant_id, price_book_id, id);

CREATE INDEX price_book_entry_product_id_index ON price_book_entry (tenant_id, product_id, id);

CREATE UNIQUE INDEX price_book_entry_tier_key ON price_book_entry (tenant_id, price_book_id, product_id, min_quantity, valid_from) WHERE deleted_at IS NULL;

CREATE TABLE privacy_request (
    tenant_id BLOB NOT NULL,
    id BLOB NOT NULL,
    version INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    created_by TEXT NOT NULL,
    updated_at INTEGER NOT NULL,
    updated_by TEXT NOT NULL,
    deleted_at INTEGER,
    kind TEXT NOT NULL,
    status TEXT NOT NULL,
    subject TEXT NOT NULL,
    reference TEXT,
    own_records INTEGER NOT NULL,
    other_records INTEGER NOT NULL,
    report TEXT NOT NULL,
    digest TEXT NOT NULL,
    completed_at INTEGER NOT NULL,
    suppressed TEXT NOT NULL,
    PRIMARY KEY (tenant_id, id)
) STRICT;

CREATE TABLE product (
    tenant_id BLOB NOT NULL,
    id BLOB NOT NULL,
    version INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    created_by TEXT NOT NULL,
    updated_at INTEGER NOT NULL,
    updated_by TEXT NOT NULL,
    deleted_at INTEGER,
    name TEXT NOT NULL,
    name_folded TEXT NOT NULL,
    sku TEXT NOT NULL,
    sku_folded TEXT NOT NULL,
    description TEXT,
    category_id BLOB,
    kind TEXT NOT NULL,
    unit TEXT NOT NULL,
    active INTEGER NOT NULL,
    cost_minor INTEGER,
    cost_currency TEXT,
    tax_class TEXT NOT NULL,
    family TEXT,
    family_folded TEXT,
    tags TEXT NOT NULL,
    custom TEXT,
    PRIMARY KEY (tenant_id, id),
    CHECK ((cost_minor IS NULL) = (cost_currency IS NULL)),
    FOREIGN KEY (tenant_id, category_id) REFERENCES product_category (tenant_id, id)
) STRICT;

CREATE INDEX product_category_id_index ON product (tenant_id, category_id, id) WHERE category_id IS NOT NULL;

CREATE UNIQUE INDEX product_sku_key ON product (tenant_id, sku_folded) WHERE deleted_at IS NULL;

CREATE TABLE product_category (
    tenant_id BLOB NOT NULL,
    id BLOB NOT NULL,
    version INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    created_by TEXT NOT NULL,
    updated_at INTEGER NOT NULL,
    updated_by TEXT NOT NULL,
    deleted_at INTEGER,
    name TEXT NOT NULL,
    name_folded TEXT NOT NULL,
    description TEXT,
    parent_id BLOB,
    custom TEXT,
    PRIMARY KEY (tenant_id, id),
    FOREIGN KEY (tenant_id, parent_id) REFERENCES product_category (tenant_id, id)
) STRICT;

CREATE INDEX product_category_parent_id_index ON product_category (tenant_id, parent_id, id) WHERE parent_id IS NOT NULL;

CREATE TABLE product_component (
    tenant_id BLOB NOT NULL,
    id BLOB NOT NULL,
    version INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    created_by TEXT NOT NULL,
    updated_at INTEGER NOT NULL,
    updated_by TEXT NOT NULL,
    deleted_at INTEGER,
    bundle_id BLOB NOT NULL,
    product_id BLOB NOT NULL,
    quantity INTEGER NOT NULL,
    PRIMARY KEY (tenant_id, id),
    FOREIGN KEY (tenant_id, bundle_id) REFERENCES product (tenant_id, id),
    FOREIGN KEY (tenant_id, product_id) REFERENCES product (tenant_id, id)
) STRICT;

CREATE INDEX product_component_bundle_id_index ON product_component (tenant_id, bundle_id, id);

CREATE UNIQUE INDEX product_component_bundle_product_key ON product_component (tenant_id, bundle_id, product_id) WHERE deleted_at IS NULL;

CREATE INDEX product_component_product_id_index ON product_component (tenant_id, product_id, id);

CREATE TABLE published_key (
    tenant_id BLOB NOT NULL,
    id BLOB NOT NULL,
    version INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    created_by TEXT NOT NULL,
    updated_at INTEGER NOT NULL,
    updated_by TEXT NOT NULL,
    deleted_at INTEGER,
    public TEXT NOT NULL, until INTEGER,
    PRIMARY KEY (tenant_id, id)
) STRICT;

CREATE TABLE purpose (
    tenant_id BLOB NOT NULL,
    id BLOB NOT NULL,
    version INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    created_by TEXT NOT NULL,
    updated_at INTEGER NOT NULL,
    updated_by TEXT NOT NULL,
    deleted_at INTEGER,
    purpose_key TEXT NOT NULL,
    name TEXT NOT NULL,
    name_folded TEXT NOT NULL,
    description TEXT,
    legal_basis TEXT NOT NULL,
    double_opt_in INTEGER NOT NULL,
    consent_days INTEGER,
    retention_days INTEGER,
    active INTEGER NOT NULL, custom TEXT,
    PRIMARY KEY (tenant_id, id)
) STRICT;

CREATE UNIQUE INDEX purpose_key_key ON purpose (tenant_id, purpose_key) WHERE deleted_at IS NULL;

CREATE TABLE purpose_notice (
    tenant_id BLOB NOT NULL,
    id BLOB NOT NULL,
    version INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    created_by TEXT NOT NULL,
    updated_at INTEGER NOT NULL,
    updated_by TEXT NOT NULL,
    deleted_at INTEGER,
    purpose_id BLOB NOT NULL,
    language TEXT NOT NULL,
    edition INTEGER NOT NULL,
    title TEXT NOT NULL,
    body TEXT NOT NULL,
    valid_from INTEGER, custom TEXT,
    PRIMARY KEY (tenant_id, id),
    FOREIGN KEY (tenant_id, purpose_id) REFERENCES purpose (tenant_id, id)
) STRICT;

CREATE INDEX purpose_notice_purpose_id_index ON purpose_notice (tenant_id, purpose_id, id);

CREATE UNIQUE INDEX purpose_notice_purpose_language_edition_key ON purpose_notice (tenant_id, purpose_id, language, edition) WHERE deleted_at IS NULL;

CREATE TABLE purpose_token (
    tenant_id BLOB NOT NULL,
    id BLOB NOT NULL,
    version INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    created_by TEXT NOT NULL,
    updated_at INTEGER NOT NULL,
    updated_by TEXT NOT NULL,
    deleted_at INTEGER,
    name TEXT NOT NULL,
    name_folded TEXT NOT NULL,
    record_resource TEXT NOT NULL,
    record_id BLOB NOT NULL,
    fields TEXT,
    operation TEXT,
    input TEXT,
    expires_at INTEGER,
    revoked_at INTEGER,
    hint TEXT NOT NULL,
    scopes TEXT NOT NULL,
    secret_hash TEXT NOT NULL,
    PRIMARY KEY (tenant_id, id)
) STRICT;

CREATE INDEX purpose_token_record_id_index ON purpose_token (tenant_id, record_id, id);

CREATE UNIQUE INDEX purpose_token_secret_hash_key ON purpose_token (tenant_id, secret_hash) WHERE deleted_at IS NULL;

CREATE TABLE quota (
    tenant_id BLOB NOT NULL,
    id BLOB NOT NULL,
    version INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    created_by TEXT NOT NULL,
    updated_at INTEGER NOT NULL,
    updated_by TEXT NOT NULL,
    deleted_at INTEGER,
    user_id BLOB NOT NULL,
    since TEXT NOT NULL,
    until TEXT NOT NULL,
    amount_minor INTEGER NOT NULL,
    amount_currency TEXT NOT NULL,
    PRIMARY KEY (tenant_id, id),
    FOREIGN KEY (tenant_id, user_id) REFERENCES app_user (tenant_id, id)
) STRICT;

CREATE INDEX quota_user_id_index ON quota (tenant_id, user_id, id);

CREATE UNIQUE INDEX quota_user_since_key ON quota (tenant_id, user_id, since) WHERE deleted_at IS NULL;

CREATE TABLE quote (
    tenant_id BLOB NOT NULL,
    id BLOB NOT NULL,
    version INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    created_by TEXT NOT NULL,
    updated_at INTEGER NOT NULL,
    updated_by TEXT NOT NULL,
    deleted_at INTEGER,
    number TEXT NOT NULL,
    number_folded TEXT NOT NULL,
    revision INTEGER NOT NULL,
    name TEXT,
    name_folded TEXT,
    account_id BLOB NOT NULL,
    contact_id BLOB,
    opportunity_id BLOB,
    price_book_id BLOB,
    segment TEXT,
    currency TEXT NOT NULL,
    valid_until TEXT NOT NULL,
    tax_country TEXT,
    tax_region TEXT,
    terms TEXT,
    status TEXT NOT NULL,
    subtotal_minor INTEGER NOT NULL,
    subtotal_currency TEXT NOT NULL,
    discount_minor INTEGER NOT NULL,
    discount_currency TEXT NOT NULL,
    net_minor INTEGER NOT NULL,
    net_currency TEXT NOT NULL,
    tax_minor INTEGER NOT NULL,
    tax_currency TEXT NOT NULL,
    gross_minor INTEGER NOT NULL,
    gross_currency TEXT NOT NULL,
    line_count INTEGER NOT NULL,
    sent_at INTEGER,
    decided_at INTEGER,
    decided_by TEXT,
    decided_by_folded TEXT,
    rejection_reason TEXT,
    previous_id BLOB,
    line_changes INTEGER NOT NULL,
    owner_id BLOB,
    tags TEXT NOT NULL,
    custom TEXT,
    PRIMARY KEY (tenant_id, id),
    FOREIGN KEY (tenant_id, account_id) REFERENCES account (tenant_id, id),
    FOREIGN KEY (tenant_id, contact_id) REFERENCES contact (tenant_id, id),
    FOREIGN KEY (tenant_id, opportunity_id) REFERENCES opportunity (tenant_id, id),
    FOREIGN KEY (tenant_id, price_book_id) REFERENCES price_book (tenant_id, id),
    FOREIGN KEY (tenant_id, previous_id) REFERENCES quote (tenant_id, id),
    FOREIGN KEY (tenant_id, owner_id) REFERENCES app_user (tenant_id, id)
) STRICT;

CREATE INDEX quote_account_id_index ON quote (tenant_id, account_id, id);

CREATE INDEX quote_contact_id_index ON quote (tenant_id, contact_id, id) WHERE contact_id IS NOT NULL;

CREATE UNIQUE INDEX quote_number_revision_key ON quote (tenant_id, number_folded, revision) WHERE deleted_at IS NULL;

CREATE INDEX quote_opportunity_id_index ON quote (tenant_id, opportunity_id, id) WHERE opportunity_id IS NOT NULL;

CREATE INDEX quote_owner_id_index ON quote (tenant_id, owner_id, id) WHERE owner_id IS NOT NULL;

CREATE INDEX quote_previous_id_index ON quote (tenant_id, previous_id, id) WHERE previous_id IS NOT NULL;

CREATE INDEX quote_price_book_id_index ON quote (tenant_id, price_book_id, id) WHERE price_book_id IS NOT NULL;

CREATE TABLE quote_line (
    tenant_id BLOB NOT NULL,
    id BLOB NOT NULL,
    version INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    created_by TEXT NOT NULL,
    updated_at INTEGER NOT NULL,
    updated_by TEXT NOT NULL,
    deleted_at INTEGER,
    quote_id BLOB NOT NULL,
    position INTEGER NOT NULL,
    product_id BLOB,
    description TEXT NOT NULL,
    description_folded TEXT NOT NULL,
    quantity INTEGER NOT NULL,
    unit_price_minor INTEGER NOT NULL,
    unit_price_currency TEXT NOT NULL,
    list_price_minor INTEGER,
    list_price_currency TEXT,
    discount_percent INTEGER NOT NULL,
    tax_percent INTEGER,
    subtotal_minor INTEGER NOT NULL,
    subtotal_currency TEXT NOT NULL,
    discount_minor INTEGER NOT NULL,
    discount_currency TEXT NOT NULL,
    net_minor INTEGER NOT NULL,
    net_currency TEXT NOT NULL,
    tax_minor INTEGER NOT NULL,
    tax_currency TEXT NOT NULL,
    gross_minor INTEGER NOT NULL,
    gross_currency TEXT NOT NULL,
    PRIMARY KEY (tenant_id, id),
    CHECK ((list_price_minor IS NULL) = (list_price_currency IS NULL)),
    FOREIGN KEY (tenant_id, quote_id) REFERENCES quote (tenant_id, id),
    FOREIGN KEY (tenant_id, product_id) REFERENCES product (tenant_id, id)
) STRICT;

CREATE INDEX quote_line_product_id_index ON quote_line (tenant_id, product_id, id) WHERE product_id IS NOT NULL;

CREATE INDEX quote_line_quote_id_index ON quote_line (tenant_id, quote_id, id);

CREATE TABLE record_lock (
    tenant_id BLOB NOT NULL,
    id BLOB NOT NULL,
    version INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    created_by TEXT NOT NULL,
    updated_at INTEGER NOT NULL,
    updated_by TEXT NOT NULL,
    deleted_at INTEGER,
    record_resource TEXT NOT NULL,
    record_id BLOB NOT NULL,
    until INTEGER NOT NULL,
    reason TEXT,
    holder_id BLOB,
    exclusive_key TEXT,
    PRIMARY KEY (tenant_id, id),
    FOREIGN KEY (tenant_id, holder_id) REFERENCES app_user (tenant_id, id)
) STRICT;

CREATE UNIQUE INDEX record_lock_exclusive_key ON record_lock (tenant_id, exclusive_key) WHERE deleted_at IS NULL;

CREATE INDEX record_lock_holder_id_index ON record_lock (tenant_id, holder_id, id) WHERE holder_id IS NOT NULL;

CREATE INDEX record_lock_record_id_index ON record_lock (tenant_id, record_id, id);

CREATE TABLE referral (
    tenant_id BLOB NOT NULL,
    id BLOB NOT NULL,
    version INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    created_by TEXT NOT NULL,
    updated_at INTEGER NOT NULL,
    updated_by TEXT NOT NULL,
    deleted_at INTEGER,
    advocate_id BLOB NOT NULL,
    referee_id BLOB NOT NULL,
    lead_id BLOB,
    status TEXT NOT NULL,
    referred_on TEXT,
    reward TEXT,
    tags TEXT NOT NULL,
    PRIMARY KEY (tenant_id, id),
    FOREIGN KEY (tenant_id, advocate_id) REFERENCES contact (tenant_id, id),
    FOREIGN KEY (tenant_id, referee_id) REFERENCES contact (tenant_id, id),
    FOREIGN KEY (tenant_id, lead_id) REFERENCES lead (tenant_id, id)
) STRICT;

CREATE INDEX referral_advocate_id_index ON referral (tenant_id, advocate_id, id);

CREATE UNIQUE INDEX referral_key ON referral (tenant_id, advocate_id, referee_id) WHERE deleted_at IS NULL;

CREATE INDEX referral_lead_id_index ON referral (tenant_id, lead_id, id) WHERE lead_id IS NOT NULL;

CREATE INDEX referral_referee_id_index ON referral (tenant_id, referee_id, id);

CREATE TABLE relationship (
    tenant_id BLOB NOT NULL,
    id BLOB NOT NULL,
    version INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    created_by TEXT NOT NULL,
    updated_at INTEGER NOT NULL,
    updated_by TEXT NOT NULL,
    deleted_at INTEGER,
    type_id BLOB NOT NULL,
    from_party_id BLOB NOT NULL,
    to_party_id BLOB NOT NULL,
    since TEXT,
    until TEXT,
    note TEXT,
    only_from TEXT,
    only_to TEXT, custom TEXT,
    PRIMARY KEY (tenant_id, id),
    CHECK (until >= since),
    CHECK (from_party_id <> to_party_id),
    FOREIGN KEY (tenant_id, type_id) REFERENCES relationship_type (tenant_id, id),
    FOREIGN KEY (tenant_id, from_party_id) REFERENCES party (tenant_id, id),
    FOREIGN KEY (tenant_id, to_party_id) REFERENCES party (tenant_id, id)
) STRICT;

CREATE INDEX relationship_from_party_id_index ON relationship (tenant_id, from_party_id, id);

CREATE UNIQUE INDEX relationship_only_from_key ON relationship (tenant_id, only_from) WHERE deleted_at IS NULL;

CREATE UNIQUE INDEX relationship_only_to_key ON relationship (tenant_id, only_to) WHERE deleted_at IS NULL;

CREATE INDEX relationship_to_party_id_index ON relationship (tenant_id, to_party_id, id);

CREATE UNIQUE INDEX relationship_type_from_to_since_key ON relationship (tenant_id, type_id, from_party_id, to_party_id, since) WHERE deleted_at IS NULL;

CREATE INDEX relationship_type_id_index ON relationship (tenant_id, type_id, id);

CREATE TABLE relationship_type (
    tenant_id BLOB NOT NULL,
    id BLOB NOT NULL,
    version INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    created_by TEXT NOT NULL,
    updated_at INTEGER NOT NULL,
    updated_by TEXT NOT NULL,
    deleted_at INTEGER,
    name TEXT NOT NULL,
    name_folded TEXT NOT NULL,
    inverse_name TEXT NOT NULL,
    inverse_name_folded TEXT NOT NULL,
    description TEXT,
    per_from TEXT NOT NULL,
    per_to TEXT NOT NULL,
    is_symmetric INTEGER NOT NULL,
    acyclic INTEGER NOT NULL, custom TEXT,
    PRIMARY KEY (tenant_id, id)
) STRICT;

CREATE UNIQUE INDEX relationship_type_name_key ON relationship_type (tenant_id, name_folded) WHERE deleted_at IS NULL;

CREATE TABLE retyping (
    tenant_id BLOB NOT NULL,
    id BLOB NOT NULL,
    version INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    created_by TEXT NOT NULL,
    updated_at INTEGER NOT NULL,
    updated_by TEXT NOT NULL,
    deleted_at INTEGER,
    custom_field_id BLOB NOT NULL,
    job_id BLOB NOT NULL,
    new_type TEXT NOT NULL,
    options TEXT NOT NULL,
    minimum INTEGER,
    maximum INTEGER,
    max_length INTEGER,
    default_value TEXT,
    on_failure TEXT NOT NULL,
    holding INTEGER NOT NULL,
    converted INTEGER,
    cleared INTEGER,
    PRIMARY KEY (tenant_id, id),
    FOREIGN KEY (tenant_id, custom_field_id) REFERENCES custom_field (tenant_id, id),
    FOREIGN KEY (tenant_id, job_id) REFERENCES job (tenant_id, id)
) STRICT;

CREATE INDEX retyping_custom_field_id_index ON retyping (tenant_id, custom_field_id, id);

CREATE INDEX retyping_job_id_index ON retyping (tenant_id, job_id, id);

CREATE TABLE role (
    tenant_id BLOB NOT NULL,
    id BLOB NOT NULL,
    version INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    created_by TEXT NOT NULL,
    updated_at INTEGER NOT NULL,
    updated_by TEXT NOT NULL,
    deleted_at INTEGER,
    key TEXT NOT NULL,
    name TEXT NOT NULL,
    name_folded TEXT NOT NULL,
    description TEXT,
    administrator INTEGER NOT NULL,
    PRIMARY KEY (tenant_id, id)
) STRICT;

CREATE UNIQUE INDEX role_key_key ON role (tenant_id, key) WHERE deleted_at IS NULL;

CREATE TABLE role_assignment (
    tenant_id BLOB NOT NULL,
    id BLOB NOT NULL,
    version INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    created_by TEXT NOT NULL,
    updated_at INTEGER NOT NULL,
    updated_by TEXT NOT NULL,
    deleted_at INTEGER,
    role_id BLOB NOT NULL,
    user_id BLOB NOT NULL,
    PRIMARY KEY (tenant_id, id),
    FOREIGN KEY (tenant_id, role_id) REFERENCES role (tenant_id, id),
    FOREIGN KEY (tenant_id, user_id) REFERENCES app_user (tenant_id, id)
) STRICT;

CREATE INDEX role_assignment_role_id_index ON role_assignment (tenant_id, role_id, id);

CREATE UNIQUE INDEX role_assignment_role_user_key ON role_assignment (tenant_id, role_id, user_id) WHERE deleted_at IS NULL;

CREATE INDEX role_assignment_user_id_index ON role_assignment (tenant_id, user_id, id);

CREATE TABLE role_right (
    tenant_id BLOB NOT NULL,
    id BLOB NOT NULL,
    version INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    created_by TEXT NOT NULL,
    updated_at INTEGER NOT NULL,
    updated_by TEXT NOT NULL,
    deleted_at INTEGER,
    role_id BLOB NOT NULL,
    resource TEXT NOT NULL,
    action TEXT NOT NULL,
    depth TEXT NOT NULL,
    condition TEXT,
    PRIMARY KEY (tenant_id, id),
    FOREIGN KEY (tenant_id, role_id) REFERENCES role (tenant_id, id)
) STRICT;

CREATE INDEX role_right_role_id_index ON role_right (tenant_id, role_id, id);

CREATE UNIQUE INDEX role_right_role_resource_action_key ON role_right (tenant_id, role_id, resource, action) WHERE deleted_at IS NULL;

CREATE TABLE saved_view (
    tenant_id BLOB NOT NULL,
    id BLOB NOT NULL,
    version INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    created_by TEXT NOT NULL,
    updated_at INTEGER NOT NULL,
    updated_by TEXT NOT NULL,
    deleted_at INTEGER,
    name TEXT NOT NULL,
    name_folded TEXT NOT NULL,
    description TEXT,
    resource TEXT NOT NULL,
    filter TEXT,
    sort TEXT,
    fields TEXT,
    owner_id BLOB,
    PRIMARY KEY (tenant_id, id),
    FOREIGN KEY (tenant_id, owner_id) REFERENCES app_user (tenant_id, id)
) STRICT;

CREATE INDEX saved_view_owner_id_index ON saved_view (tenant_id, owner_id, id) WHERE owner_id IS NOT NULL;

CREATE TABLE saved_view_share (
    tenant_id BLOB NOT NULL,
    id BLOB NOT NULL,
    version INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    created_by TEXT NOT NULL,
    updated_at INTEGER NOT NULL,
    updated_by TEXT NOT NULL,
    deleted_at INTEGER,
    saved_view_id BLOB NOT NULL,
    recipient_resource TEXT,
    recipient_id BLOB,
    level TEXT NOT NULL,
    until INTEGER,
    PRIMARY KEY (tenant_id, id),
    CHECK ((recipient_resource IS NULL) = (recipient_id IS NULL)),
    FOREIGN KEY (tenant_id, saved_view_id) REFERENCES saved_view (tenant_id, id)
) STRICT;

CREATE INDEX saved_view_share_recipient_id_index ON saved_view_share (tenant_id, recipient_id, id);

CREATE INDEX saved_view_share_saved_view_id_index ON saved_view_share (tenant_id, saved_view_id, id);

CREATE TABLE schedule (
    tenant_id BLOB NOT NULL,
    id BLOB NOT NULL,
    version INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    created_by TEXT NOT NULL,
    updated_at INTEGER NOT NULL,
    updated_by TEXT NOT NULL,
    deleted_at INTEGER,
    name TEXT NOT NULL,
    name_folded TEXT NOT NULL,
    cron TEXT NOT NULL,
    time_zone TEXT NOT NULL,
    state TEXT NOT NULL,
    resource TEXT NOT NULL,
    fields TEXT,
    filter TEXT,
    with_deleted INTEGER NOT NULL,
    format TEXT NOT NULL,
    guarded INTEGER NOT NULL,
    next_run_at INTEGER,
    last_run_at INTEGER,
    last_export_id BLOB,
    failure_code TEXT,
    failure TEXT,
    maker_scopes TEXT,
    PRIMARY KEY (tenant_id, id),
    FOREIGN KEY (tenant_id, last_export_id) REFERENCES export_job (tenant_id, id)
) STRICT;

CREATE INDEX schedule_due_index ON schedule (state, next_run_at);

CREATE INDEX schedule_last_export_id_index ON schedule (tenant_id, last_export_id, id) WHERE last_export_id IS NOT NULL;

CREATE TABLE score_rule (
    tenant_id BLOB NOT NULL,
    id BLOB NOT NULL,
    version INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    created_by TEXT NOT NULL,
    updated_at INTEGER NOT NULL,
    updated_by TEXT NOT NULL,
    deleted_at INTEGER,
    name TEXT NOT NULL,
    name_folded TEXT NOT NULL,
    condition TEXT NOT NULL,
    points INTEGER NOT NULL,
    active INTEGER NOT NULL,
    PRIMARY KEY (tenant_id, id)
) STRICT;

CREATE VIRTUAL TABLE search_document USING fts5 (
    name, detail, body, tenant_id UNINDEXED, resource UNINDEXED, record_id UNINDEXED, tokenize = 'ascii'
);

CREATE TABLE 'search_document_config'(k PRIMARY KEY, v) WITHOUT ROWID;

CREATE TABLE 'search_document_content'(id INTEGER PRIMARY KEY, c0, c1, c2, c3, c4, c5);

CREATE TABLE 'search_document_data'(id INTEGER PRIMARY KEY, block BLOB);

CREATE TABLE 'search_document_docsize'(id INTEGER PRIMARY KEY, sz BLOB);

CREATE TABLE 'search_document_idx'(segid, term, pgno, PRIMARY KEY(segid, term)) WITHOUT ROWID;

CREATE TABLE second_factor (
    tenant_id BLOB NOT NULL,
    id BLOB NOT NULL,
    version INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    created_by TEXT NOT NULL,
    updated_at INTEGER NOT NULL,
    updated_by TEXT NOT NULL,
    deleted_at INTEGER,
    user_id BLOB NOT NULL,
    confirmed_at INTEGER,
    last_used_at INTEGER,
    recovery_codes_left INTEGER NOT NULL,
    totp_secret TEXT,
    pending_secret TEXT,
    last_step TEXT,
    recovery_digests TEXT,
    PRIMARY KEY (tenant_id, id),
    FOREIGN KEY (tenant_id, user_id) REFERENCES app_user (tenant_id, id)
) STRICT;

CREATE INDEX second_factor_user_id_index ON second_factor (tenant_id, user_id, id);

CREATE UNIQUE INDEX second_factor_user_key ON second_factor (tenant_id, user_id) WHERE deleted_at IS NULL;

CREATE TABLE share (
    tenant_id BLOB NOT NULL,
    id BLOB NOT NULL,
    version INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    created_by TEXT NOT NULL,
    updated_at INTEGER NOT NULL,
    updated_by TEXT NOT NULL,
    deleted_at INTEGER,
    record_resource TEXT NOT NULL,
    record_id BLOB NOT NULL,
    recipient_resource TEXT NOT NULL,
    recipient_id BLOB NOT NULL,
    level TEXT NOT NULL,
    until INTEGER,
    cause TEXT,
    PRIMARY KEY (tenant_id, id)
) STRICT;

CREATE INDEX share_recipient_id_index ON share (tenant_id, recipient_id, id);

CREATE INDEX share_record_id_index ON share (tenant_id, record_id, id);

CREATE TABLE sharing_rule (
    tenant_id BLOB NOT NULL,
    id BLOB NOT NULL,
    version INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    created_by TEXT NOT NULL,
    updated_at INTEGER NOT NULL,
    updated_by TEXT NOT NULL,
    deleted_at INTEGER,
    name TEXT NOT NULL,
    name_folded TEXT NOT NULL,
    resource TEXT NOT NULL,
    condition TEXT NOT NULL,
    recipient_resource TEXT NOT NULL,
    recipient_id BLOB NOT NULL,
    level TEXT NOT NULL,
    until INTEGER,
    cause TEXT,
    PRIMARY KEY (tenant_id, id)
) STRICT;

CREATE INDEX sharing_rule_recipient_id_index ON sharing_rule (tenant_id, recipient_id, id);

CREATE TABLE sign_in_grant (
    tenant_id BLOB NOT NULL,
    id BLOB NOT NULL,
    version INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    created_by TEXT NOT NULL,
    updated_at INTEGER NOT NULL,
    updated_by TEXT NOT NULL,
    deleted_at INTEGER,
    kind TEXT NOT NULL,
    data TEXT NOT NULL,
    lookup TEXT,
    used_at INTEGER,
    expires_at INTEGER NOT NULL,
    PRIMARY KEY (tenant_id, id)
) STRICT;

CREATE INDEX sign_in_grant_expires ON sign_in_grant (expires_at);

CREATE INDEX sign_in_grant_lookup ON sign_in_grant (lookup) WHERE lookup IS NOT NULL;

CREATE TABLE sign_in_session (
    tenant_id BLOB NOT NULL,
    id BLOB NOT NULL,
    version INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    created_by TEXT NOT NULL,
    updated_at INTEGER NOT NULL,
    updated_by TEXT NOT NULL,
    deleted_at INTEGER,
    user_id BLOB NOT NULL,
    oauth_client_id BLOB NOT NULL,
    address TEXT,
    user_agent TEXT,
    last_used_at INTEGER NOT NULL,
    expires_at INTEGER NOT NULL,
    revoked_at INTEGER,
    PRIMARY KEY (tenant_id, id),
    FOREIGN KEY (tenant_id, user_id) REFERENCES app_user (tenant_id, id),
    FOREIGN KEY (tenant_id, oauth_client_id) REFERENCES oauth_client (tenant_id, id)
) STRICT;

CREATE INDEX sign_in_session_oauth_client_id_index ON sign_in_session (tenant_id, oauth_client_id, id);

CREATE INDEX sign_in_session_revoked ON sign_in_session (revoked_at) WHERE revoked_at IS NOT NULL;

CREATE INDEX sign_in_session_user_id_index ON sign_in_session (tenant_id, user_id, id);

CREATE TABLE stage (
    tenant_id BLOB NOT NULL,
    id BLOB NOT NULL,
    version INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    created_by TEXT NOT NULL,
    updated_at INTEGER NOT NULL,
    updated_by TEXT NOT NULL,
    deleted_at INTEGER,
    pipeline_id BLOB NOT NULL,
    name TEXT NOT NULL,
    name_folded TEXT NOT NULL,
    position INTEGER NOT NULL,
    kind TEXT NOT NULL,
    probability INTEGER NOT NULL,
    forecast_category TEXT NOT NULL,
    is_required INTEGER NOT NULL,
    required_fields TEXT NOT NULL,
    entry_condition TEXT,
    checklist TEXT NOT NULL,
    stale_after_days INTEGER,
    guidance TEXT,
    PRIMARY KEY (tenant_id, id),
    FOREIGN KEY (tenant_id, pipeline_id) REFERENCES pipeline (tenant_id, id)
) STRICT;

CREATE INDEX stage_pipeline_id_index ON stage (tenant_id, pipeline_id, id);

CREATE TABLE stage_approval (
    tenant_id BLOB NOT NULL,
    id BLOB NOT NULL,
    version INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    created_by TEXT NOT NULL,
    updated_at INTEGER NOT NULL,
    updated_by TEXT NOT NULL,
    deleted_at INTEGER,
    opportunity_id BLOB NOT NULL,
    stage_id BLOB NOT NULL,
    status TEXT NOT NULL,
    amount_minor INTEGER,
    amount_currency TEXT,
    request_note TEXT,
    requested_by_id BLOB,
    decided_by_id BLOB,
    decided_at INTEGER,
    decision_note TEXT,
    PRIMARY KEY (tenant_id, id),
    CHECK ((amount_minor IS NULL) = (amount_currency IS NULL)),
    FOREIGN KEY (tenant_id, opportunity_id) REFERENCES opportunity (tenant_id, id),
    FOREIGN KEY (tenant_id, stage_id) REFERENCES stage (tenant_id, id),
    FOREIGN KEY (tenant_id, requested_by_id) REFERENCES app_user (tenant_id, id),
    FOREIGN KEY (tenant_id, decided_by_id) REFERENCES app_user (tenant_id, id)
) STRICT;

CREATE INDEX stage_approval_decided_by_id_index ON stage_approval (tenant_id, decided_by_id, id) WHERE decided_by_id IS NOT NULL;

CREATE INDEX stage_approval_opportunity_id_index ON stage_approval (tenant_id, opportunity_id, id);

CREATE INDEX stage_approval_requested_by_id_index ON stage_approval (tenant_id, requested_by_id, id) WHERE requested_by_id IS NOT NULL;

CREATE INDEX stage_approval_stage_id_index ON stage_approval (tenant_id, stage_id, id);

CREATE TABLE stage_approver (
    tenant_id BLOB NOT NULL,
    id BLOB NOT NULL,
    version INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    created_by TEXT NOT NULL,
    updated_at INTEGER NOT NULL,
    updated_by TEXT NOT NULL,
    deleted_at INTEGER,
    stage_id BLOB NOT NULL,
    approver_resource TEXT NOT NULL,
    approver_id BLOB NOT NULL,
    from_amount_minor INTEGER,
    from_amount_currency TEXT,
    PRIMARY KEY (tenant_id, id),
    CHECK ((from_amount_minor IS NULL) = (from_amount_currency IS NULL)),
    FOREIGN KEY (tenant_id, stage_id) REFERENCES stage (tenant_id, id)
) STRICT;

CREATE INDEX stage_approver_approver_id_index ON stage_approver (tenant_id, approver_id, id);

CREATE INDEX stage_approver_stage_id_index ON stage_approver (tenant_id, stage_id, id);

CREATE TABLE stage_change (
    tenant_id BLOB NOT NULL,
    id BLOB NOT NULL,
    version INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    created_by TEXT NOT NULL,
    updated_at INTEGER NOT NULL,
    updated_by TEXT NOT NULL,
    deleted_at INTEGER,
    opportunity_id BLOB NOT NULL,
    kind TEXT NOT NULL,
    from_stage_id BLOB,
    to_stage_id BLOB NOT NULL,
    entered_at INTEGER NOT NULL,
    time_in_stage INTEGER,
    amount_minor INTEGER,
    amount_currency TEXT,
    probability INTEGER NOT NULL,
    PRIMARY KEY (tenant_id, id),
    CHECK ((amount_minor IS NULL) = (amount_currency IS NULL)),
    FOREIGN KEY (tenant_id, opportunity_id) REFERENCES opportunity (tenant_id, id),
    FOREIGN KEY (tenant_id, from_stage_id) REFERENCES stage (tenant_id, id),
    FOREIGN KEY (tenant_id, to_stage_id) REFERENCES stage (tenant_id, id)
) STRICT;

CREATE INDEX stage_change_from_stage_id_index ON stage_change (tenant_id, from_stage_id, id) WHERE from_stage_id IS NOT NULL;

CREATE INDEX stage_change_opportunity_id_index ON stage_change (tenant_id, opportunity_id, id);

CREATE INDEX stage_change_to_stage_id_index ON stage_change (tenant_id, to_stage_id, id);

CREATE TABLE sync_scope (
    tenant_id BLOB NOT NULL,
    id BLOB NOT NULL,
    version INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    created_by TEXT NOT NULL,
    updated_at INTEGER NOT NULL,
    updated_by TEXT NOT NULL,
    deleted_at INTEGER,
    name TEXT NOT NULL,
    name_folded TEXT NOT NULL,
    description TEXT,
    content TEXT NOT NULL,
    PRIMARY KEY (tenant_id, id)
) STRICT;

CREATE TABLE tag (
    tenant_id BLOB NOT NULL,
    id BLOB NOT NULL,
    version INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    created_by TEXT NOT NULL,
    updated_at INTEGER NOT NULL,
    updated_by TEXT NOT NULL,
    deleted_at INTEGER,
    name TEXT NOT NULL,
    name_folded TEXT NOT NULL,
    color TEXT NOT NULL,
    description TEXT,
    PRIMARY KEY (tenant_id, id)
) STRICT;

CREATE UNIQUE INDEX tag_name_key ON tag (tenant_id, name_folded) WHERE deleted_at IS NULL;

CREATE TABLE task (
    tenant_id BLOB NOT NULL,
    id BLOB NOT NULL,
    version INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    created_by TEXT NOT NULL,
    updated_at INTEGER NOT NULL,
    updated_by TEXT NOT NULL,
    deleted_at INTEGER,
    subject TEXT NOT NULL,
    subject_folded TEXT NOT NULL,
    description TEXT,
    record_resource TEXT,
    record_id BLOB,
    assignee_id BLOB,
    due_at INTEGER,
    reminder_at INTEGER,
    priority TEXT NOT NULL,
    status TEXT NOT NULL,
    completed_at INTEGER,
    recurrence TEXT,
    time_zone TEXT,
    previous_task_id BLOB,
    tags TEXT NOT NULL, custom TEXT,
    PRIMARY KEY (tenant_id, id),
    CHECK ((record_resource IS NULL) = (record_id IS NULL)),
    CHECK ((completed_at IS NULL) = (status <> 'COMPLETED')),
    FOREIGN KEY (tenant_id, assignee_id) REFERENCES app_user (tenant_id, id),
    FOREIGN KEY (tenant_id, previous_task_id) REFERENCES task (tenant_id, id)
) STRICT;

CREATE INDEX task_assignee_id_due_at_index ON task (tenant_id, assignee_id, due_at, id);

CREATE INDEX task_previous_task_id_index ON task (tenant_id, previous_task_id, id) WHERE previous_task_id IS NOT NULL;

CREATE INDEX task_record_id_created_at_index ON task (tenant_id, record_id, created_at, id) WHERE record_id IS NOT NULL;

CREATE INDEX task_record_id_index ON task (tenant_id, record_id, id);

CREATE TABLE tax_id (
    tenant_id BLOB NOT NULL,
    id BLOB NOT NULL,
    version INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    created_by TEXT NOT NULL,
    updated_at INTEGER NOT NULL,
    updated_by TEXT NOT NULL,
    deleted_at INTEGER,
    party_id BLOB NOT NULL,
    scheme TEXT NOT NULL,
    country TEXT,
    value TEXT NOT NULL,
    value_folded TEXT NOT NULL,
    normalized TEXT NOT NULL,
    verified_at INTEGER, custom TEXT,
    PRIMARY KEY (tenant_id, id),
    FOREIGN KEY (tenant_id, party_id) REFERENCES party (tenant_id, id)
) STRICT;

CREATE INDEX tax_id_party_id_index ON tax_id (tenant_id, party_id, id);

CREATE UNIQUE INDEX tax_id_party_scheme_normalized_key ON tax_id (tenant_id, normalized, scheme, party_id) WHERE deleted_at IS NULL;

CREATE TABLE tax_rate (
    tenant_id BLOB NOT NULL,
    id BLOB NOT NULL,
    version INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    created_by TEXT NOT NULL,
    updated_at INTEGER NOT NULL,
    updated_by TEXT NOT NULL,
    deleted_at INTEGER,
    name TEXT NOT NULL,
    name_folded TEXT NOT NULL,
    country TEXT NOT NULL,
    region TEXT,
    tax_class TEXT NOT NULL,
    percent INTEGER NOT NULL,
    valid_from TEXT,
    valid_until TEXT,
    open_key TEXT,
    PRIMARY KEY (tenant_id, id)
) STRICT;

CREATE UNIQUE INDEX tax_rate_country_region_class_from_key ON tax_rate (tenant_id, country, region, tax_class, valid_from) WHERE deleted_at IS NULL;

CREATE UNIQUE INDEX tax_rate_open_key ON tax_rate (tenant_id, open_key) WHERE deleted_at IS NULL;

CREATE TABLE team (
    tenant_id BLOB NOT NULL,
    id BLOB NOT NULL,
    version INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    created_by TEXT NOT NULL,
    updated_at INTEGER NOT NULL,
    updated_by TEXT NOT NULL,
    deleted_at INTEGER,
    name TEXT NOT NULL,
    name_folded TEXT NOT NULL,
    description TEXT,
    parent_id BLOB, custom TEXT,
    PRIMARY KEY (tenant_id, id),
    FOREIGN KEY (tenant_id, parent_id) REFERENCES team (tenant_id, id)
) STRICT;

CREATE UNIQUE INDEX team_name_key ON team (tenant_id, name_folded) WHERE deleted_at IS NULL;

CREATE INDEX team_parent_id_index ON team (tenant_id, parent_id, id) WHERE parent_id IS NOT NULL;

CREATE TABLE team_member (
    tenant_id BLOB NOT NULL,
    id BLOB NOT NULL,
    version INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    created_by TEXT NOT NULL,
    updated_at INTEGER NOT NULL,
    updated_by TEXT NOT NULL,
    deleted_at INTEGER,
    team_id BLOB NOT NULL,
    user_id BLOB NOT NULL,
    position TEXT NOT NULL,
    PRIMARY KEY (tenant_id, id),
    FOREIGN KEY (tenant_id, team_id) REFERENCES team (tenant_id, id),
    FOREIGN KEY (tenant_id, user_id) REFERENCES app_user (tenant_id, id)
) STRICT;

CREATE INDEX team_member_team_id_index ON team_member (tenant_id, team_id, id);

CREATE UNIQUE INDEX team_member_team_user_key ON team_member (tenant_id, team_id, user_id) WHERE deleted_at IS NULL;

CREATE INDEX team_member_user_id_index ON team_member (tenant_id, user_id, id);

CREATE TABLE tenant (
    tenant_id BLOB NOT NULL,
    id BLOB NOT NULL,
    version INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    created_by TEXT NOT NULL,
    updated_at INTEGER NOT NULL,
    updated_by TEXT NOT NULL,
    deleted_at INTEGER,
    name TEXT NOT NULL,
    name_folded TEXT NOT NULL,
    time_zone TEXT NOT NULL,
    currency TEXT NOT NULL,
    language TEXT NOT NULL,
    country TEXT, suppression_key TEXT,
    PRIMARY KEY (tenant_id, id),
    CHECK (tenant_id = id)
) STRICT;

CREATE TABLE token_revocation (
    tenant_id BLOB NOT NULL,
    id BLOB NOT NULL,
    version INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    created_by TEXT NOT NULL,
    updated_at INTEGER NOT NULL,
    updated_by TEXT NOT NULL,
    deleted_at INTEGER,
    until INTEGER NOT NULL,
    PRIMARY KEY (tenant_id, id)
) STRICT;

CREATE INDEX token_revocation_until ON token_revocation (until);

CREATE TABLE visitor (
    tenant_id BLOB NOT NULL,
    id BLOB NOT NULL,
    version INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    created_by TEXT NOT NULL,
    updated_at INTEGER NOT NULL,
    updated_by TEXT NOT NULL,
    deleted_at INTEGER,
    anonymous_id TEXT NOT NULL,
    party_id BLOB,
    first_seen_at INTEGER NOT NULL,
    last_seen_at INTEGER NOT NULL,
    language TEXT,
    referrer TEXT,
    user_agent TEXT, custom TEXT,
    PRIMARY KEY (tenant_id, id),
    CHECK (last_seen_at >= first_seen_at),
    FOREIGN KEY (tenant_id, party_id) REFERENCES party (tenant_id, id)
) STRICT;

CREATE UNIQUE INDEX visitor_anonymous_id_key ON visitor (tenant_id, anonymous_id) WHERE deleted_at IS NULL;

CREATE INDEX visitor_party_id_index ON visitor (tenant_id, party_id, id) WHERE party_id IS NOT NULL;

CREATE TABLE webhook_delivery (
    tenant_id BLOB NOT NULL,
    id BLOB NOT NULL,
    version INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    created_by TEXT NOT NULL,
    updated_at INTEGER NOT NULL,
    updated_by TEXT NOT NULL,
    deleted_at INTEGER,
    endpoint_id BLOB NOT NULL,
    event TEXT NOT NULL,
    event_id TEXT NOT NULL,
    resource TEXT NOT NULL,
    record TEXT,
    record_version INTEGER,
    sequence INTEGER,
    occurred_at INTEGER NOT NULL,
    test INTEGER NOT NULL,
    state TEXT NOT NULL,
    attempts INTEGER NOT NULL,
    next_attempt_at INTEGER,
    last_attempt_at INTEGER,
    finished_at INTEGER,
    last_status INTEGER,
    last_problem TEXT,
    last_answer TEXT,
    PRIMARY KEY (tenant_id, id),
    FOREIGN KEY (tenant_id, endpoint_id) REFERENCES webhook_endpoint (tenant_id, id)
) STRICT;

CREATE INDEX webhook_delivery_age_index ON webhook_delivery (occurred_at);

CREATE INDEX webhook_delivery_endpoint_id_index ON webhook_delivery (tenant_id, endpoint_id, id);

CREATE INDEX webhook_delivery_endpoint_id_record_state_index ON webhook_delivery (tenant_id, endpoint_id, record, state);

CREATE INDEX webhook_delivery_endpoint_id_state_next_attempt_at_index ON webhook_delivery (tenant_id, endpoint_id, state, next_attempt_at);

CREATE TABLE webhook_endpoint (
    tenant_id BLOB NOT NULL,
    id BLOB NOT NULL,
    version INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    created_by TEXT NOT NULL,
    updated_at INTEGER NOT NULL,
    updated_by TEXT NOT NULL,
    deleted_at INTEGER,
    name TEXT NOT NULL,
    name_folded TEXT NOT NULL,
    url TEXT NOT NULL,
    events TEXT NOT NULL,
    filter TEXT,
    payload TEXT NOT NULL,
    fields TEXT,
    format TEXT NOT NULL,
    state TEXT NOT NULL,
    disabled_reason TEXT,
    disabled_at INTEGER,
    failing_since INTEGER,
    previous_secret_until INTEGER,
    signing_secret TEXT NOT NULL,
    previous_secret TEXT,
    active_since_version INTEGER NOT NULL,
    scopes TEXT NOT NULL,
    owner_id BLOB,
    PRIMARY KEY (tenant_id, id),
    FOREIGN KEY (tenant_id, owner_id) REFERENCES app_user (tenant_id, id)
) STRICT;

CREATE INDEX webhook_endpoint_owner_id_index ON webhook_endpoint (tenant_id, owner_id, id) WHERE owner_id IS NOT NULL;

CREATE TABLE webhook_position (
    tenant_id BLOB NOT NULL,
    id BLOB NOT NULL,
    version INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    created_by TEXT NOT NULL,
    updated_at INTEGER NOT NULL,
    updated_by TEXT NOT NULL,
    deleted_at INTEGER,
    sequence INTEGER NOT NULL,
    resource TEXT NOT NULL,
    record TEXT NOT NULL,
    record_version INTEGER NOT NULL,
    PRIMARY KEY (tenant_id, id)
) STRICT;

