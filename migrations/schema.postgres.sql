CREATE TABLE account
    tenant_id uuid NOT NULL
    id uuid NOT NULL
    version bigint NOT NULL
    created_at timestamp with time zone NOT NULL
    created_by text COLLATE "C" NOT NULL
    updated_at timestamp with time zone NOT NULL
    updated_by text COLLATE "C" NOT NULL
    deleted_at timestamp with time zone
    kind text COLLATE "C" NOT NULL
    name text COLLATE "C" NOT NULL
    name_folded text COLLATE "C" NOT NULL
    legal_name text COLLATE "C"
    legal_name_folded text COLLATE "C"
    domains text[] COLLATE "C" NOT NULL
    industry text COLLATE "C"
    employees bigint
    annual_revenue_minor bigint
    annual_revenue_currency text COLLATE "C"
    parent_id uuid
    contact_id uuid
    party_id uuid NOT NULL
    lifecycle text COLLATE "C" NOT NULL
    currency text COLLATE "C"
    language text COLLATE "C"
    country text COLLATE "C"
    city text COLLATE "C"
    city_folded text COLLATE "C"
    phone text COLLATE "C"
    website text COLLATE "C"
    credit_limit_minor bigint
    credit_limit_currency text COLLATE "C"
    payment_terms_days bigint
    description text COLLATE "C"
    merged_into_id uuid
    owner_id uuid
    tags text[] COLLATE "C" NOT NULL
    custom jsonb
    CONSTRAINT account_pkey PRIMARY KEY (tenant_id, id)
    CONSTRAINT account_tenant_id_contact_id_fkey FOREIGN KEY (tenant_id, contact_id) REFERENCES contact(tenant_id, id)
    CONSTRAINT account_tenant_id_merged_into_id_fkey FOREIGN KEY (tenant_id, merged_into_id) REFERENCES account(tenant_id, id)
    CONSTRAINT account_tenant_id_owner_id_fkey FOREIGN KEY (tenant_id, owner_id) REFERENCES app_user(tenant_id, id)
    CONSTRAINT account_tenant_id_parent_id_fkey FOREIGN KEY (tenant_id, parent_id) REFERENCES account(tenant_id, id)
    CONSTRAINT account_tenant_id_party_id_fkey FOREIGN KEY (tenant_id, party_id) REFERENCES party(tenant_id, id)
    CONSTRAINT account_check CHECK (((annual_revenue_minor IS NULL) = (annual_revenue_currency IS NULL)))
    CONSTRAINT account_check1 CHECK (((credit_limit_minor IS NULL) = (credit_limit_currency IS NULL)))
    CONSTRAINT account_check2 CHECK (((kind = 'PERSON'::text) = (contact_id IS NOT NULL)))
    CREATE INDEX account_contact_id_index ON public.account USING btree (tenant_id, contact_id, id) WHERE (contact_id IS NOT NULL)
    CREATE INDEX account_merged_into_id_index ON public.account USING btree (tenant_id, merged_into_id, id) WHERE (merged_into_id IS NOT NULL)
    CREATE INDEX account_name_index ON public.account USING btree (tenant_id, name, id)
    CREATE INDEX account_owner_id_index ON public.account USING btree (tenant_id, owner_id, id) WHERE (owner_id IS NOT NULL)
    CREATE INDEX account_owner_id_name_index ON public.account USING btree (tenant_id, owner_id, name, id) WHERE (owner_id IS NOT NULL)
    CREATE INDEX account_parent_id_index ON public.account USING btree (tenant_id, parent_id, id) WHERE (parent_id IS NOT NULL)
    CREATE INDEX account_party_id_index ON public.account USING btree (tenant_id, party_id, id)

CREATE TABLE account_contact
    tenant_id uuid NOT NULL
    id uuid NOT NULL
    version bigint NOT NULL
    created_at timestamp with time zone NOT NULL
    created_by text COLLATE "C" NOT NULL
    updated_at timestamp with time zone NOT NULL
    updated_by text COLLATE "C" NOT NULL
    deleted_at timestamp with time zone
    account_id uuid NOT NULL
    contact_id uuid NOT NULL
    role text COLLATE "C" NOT NULL
    title text COLLATE "C"
    since date
    until date
    is_primary boolean NOT NULL
    custom jsonb
    CONSTRAINT account_contact_pkey PRIMARY KEY (tenant_id, id)
    CONSTRAINT account_contact_tenant_id_account_id_fkey FOREIGN KEY (tenant_id, account_id) REFERENCES account(tenant_id, id)
    CONSTRAINT account_contact_tenant_id_contact_id_fkey FOREIGN KEY (tenant_id, contact_id) REFERENCES contact(tenant_id, id)
    CONSTRAINT account_contact_check CHECK ((until >= since))
    CREATE UNIQUE INDEX account_contact_account_contact_role_key ON public.account_contact USING btree (tenant_id, account_id, contact_id, role) WHERE (deleted_at IS NULL)
    CREATE INDEX account_contact_account_id_index ON public.account_contact USING btree (tenant_id, account_id, id)
    CREATE INDEX account_contact_contact_id_index ON public.account_contact USING btree (tenant_id, contact_id, id)

CREATE TABLE account_user
    tenant_id uuid NOT NULL
    id uuid NOT NULL
    version bigint NOT NULL
    created_at timestamp with time zone NOT NULL
    created_by text COLLATE "C" NOT NULL
    updated_at timestamp with time zone NOT NULL
    updated_by text COLLATE "C" NOT NULL
    deleted_at timestamp with time zone
    user_id uuid NOT NULL
    account_id uuid
    contact_id uuid
    CONSTRAINT account_user_pkey PRIMARY KEY (tenant_id, id)
    CONSTRAINT account_user_tenant_id_account_id_fkey FOREIGN KEY (tenant_id, account_id) REFERENCES account(tenant_id, id)
    CONSTRAINT account_user_tenant_id_contact_id_fkey FOREIGN KEY (tenant_id, contact_id) REFERENCES contact(tenant_id, id)
    CONSTRAINT account_user_tenant_id_user_id_fkey FOREIGN KEY (tenant_id, user_id) REFERENCES app_user(tenant_id, id)
    CONSTRAINT account_user_check CHECK (((account_id IS NOT NULL) OR (contact_id IS NOT NULL)))
    CREATE INDEX account_user_account_id_index ON public.account_user USING btree (tenant_id, account_id, id) WHERE (account_id IS NOT NULL)
    CREATE INDEX account_user_contact_id_index ON public.account_user USING btree (tenant_id, contact_id, id) WHERE (contact_id IS NOT NULL)
    CREATE INDEX account_user_user_id_index ON public.account_user USING btree (tenant_id, user_id, id)
    CREATE UNIQUE INDEX account_user_user_key ON public.account_user USING btree (tenant_id, user_id) WHERE (deleted_at IS NULL)

CREATE TABLE address
    tenant_id uuid NOT NULL
    id uuid NOT NULL
    version bigint NOT NULL
    created_at timestamp with time zone NOT NULL
    created_by text COLLATE "C" NOT NULL
    updated_at timestamp with time zone NOT NULL
    updated_by text COLLATE "C" NOT NULL
    deleted_at timestamp with time zone
    party_id uuid NOT NULL
    kind text COLLATE "C" NOT NULL
    label text COLLATE "C"
    line1 text COLLATE "C" NOT NULL
    line1_folded text COLLATE "C" NOT NULL
    line2 text COLLATE "C"
    line2_folded text COLLATE "C"
    region text COLLATE "C"
    region_folded text COLLATE "C"
    postal_code text COLLATE "C"
    city text COLLATE "C"
    city_folded text COLLATE "C"
    country text COLLATE "C"
    latitude bigint
    longitude bigint
    preferred boolean NOT NULL
    custom jsonb
    CONSTRAINT address_pkey PRIMARY KEY (tenant_id, id)
    CONSTRAINT address_tenant_id_party_id_fkey FOREIGN KEY (tenant_id, party_id) REFERENCES party(tenant_id, id)
    CREATE INDEX address_party_id_index ON public.address USING btree (tenant_id, party_id, id)

CREATE TABLE api_key
    tenant_id uuid NOT NULL
    id uuid NOT NULL
    version bigint NOT NULL
    created_at timestamp with time zone NOT NULL
    created_by text COLLATE "C" NOT NULL
    updated_at timestamp with time zone NOT NULL
    updated_by text COLLATE "C" NOT NULL
    deleted_at timestamp with time zone
    name text COLLATE "C" NOT NULL
    name_folded text COLLATE "C" NOT NULL
    scopes text COLLATE "C" NOT NULL
    expires_at timestamp with time zone
    revoked_at timestamp with time zone
    hint text COLLATE "C" NOT NULL
    secret_hash text COLLATE "C" NOT NULL
    resource_scopes text COLLATE "C"
    sensitive boolean NOT NULL
    CONSTRAINT api_key_pkey PRIMARY KEY (tenant_id, id)
    CREATE UNIQUE INDEX api_key_secret_hash_key ON public.api_key USING btree (tenant_id, secret_hash) WHERE (deleted_at IS NULL)

CREATE TABLE api_key_role
    tenant_id uuid NOT NULL
    id uuid NOT NULL
    version bigint NOT NULL
    created_at timestamp with time zone NOT NULL
    created_by text COLLATE "C" NOT NULL
    updated_at timestamp with time zone NOT NULL
    updated_by text COLLATE "C" NOT NULL
    deleted_at timestamp with time zone
    role_id uuid NOT NULL
    api_key_id uuid NOT NULL
    CONSTRAINT api_key_role_pkey PRIMARY KEY (tenant_id, id)
    CONSTRAINT api_key_role_tenant_id_api_key_id_fkey FOREIGN KEY (tenant_id, api_key_id) REFERENCES api_key(tenant_id, id)
    CONSTRAINT api_key_role_tenant_id_role_id_fkey FOREIGN KEY (tenant_id, role_id) REFERENCES role(tenant_id, id)
    CREATE INDEX api_key_role_api_key_id_index ON public.api_key_role USING btree (tenant_id, api_key_id, id)
    CREATE UNIQUE INDEX api_key_role_role_api_key_key ON public.api_key_role USING btree (tenant_id, role_id, api_key_id) WHERE (deleted_at IS NULL)
    CREATE INDEX api_key_role_role_id_index ON public.api_key_role USING btree (tenant_id, role_id, id)

CREATE TABLE app_user
    tenant_id uuid NOT NULL
    id uuid NOT NULL
    version bigint NOT NULL
    created_at timestamp with time zone NOT NULL
    created_by text COLLATE "C" NOT NULL
    updated_at timestamp with time zone NOT NULL
    updated_by text COLLATE "C" NOT NULL
    deleted_at timestamp with time zone
    name text COLLATE "C" NOT NULL
    name_folded text COLLATE "C" NOT NULL
    email text COLLATE "C"
    email_folded text COLLATE "C"
    title text COLLATE "C"
    phone text COLLATE "C"
    time_zone text COLLATE "C"
    language text COLLATE "C"
    active boolean NOT NULL
    hired_on date
    manager_id uuid
    password_set_at timestamp with time zone
    password_hash text COLLATE "C"
    user_name text COLLATE "C"
    user_name_folded text COLLATE "C"
    given_name text COLLATE "C"
    given_name_folded text COLLATE "C"
    family_name text COLLATE "C"
    family_name_folded text COLLATE "C"
    audience text COLLATE "C" NOT NULL
    custom jsonb
    CONSTRAINT app_user_pkey PRIMARY KEY (tenant_id, id)
    CONSTRAINT app_user_tenant_id_manager_id_fkey FOREIGN KEY (tenant_id, manager_id) REFERENCES app_user(tenant_id, id)
    CREATE UNIQUE INDEX app_user_email_key ON public.app_user USING btree (tenant_id, email_folded) WHERE (deleted_at IS NULL)
    CREATE INDEX app_user_manager_id_index ON public.app_user USING btree (tenant_id, manager_id, id) WHERE (manager_id IS NOT NULL)
    CREATE UNIQUE INDEX app_user_user_name_key ON public.app_user USING btree (tenant_id, user_name_folded) WHERE (deleted_at IS NULL)

CREATE TABLE audit_entry
    tenant_id uuid NOT NULL
    id uuid NOT NULL
    version bigint NOT NULL
    created_at timestamp with time zone NOT NULL
    created_by text COLLATE "C" NOT NULL
    updated_at timestamp with time zone NOT NULL
    updated_by text COLLATE "C" NOT NULL
    deleted_at timestamp with time zone
    sequence bigint NOT NULL
    kind text COLLATE "C" NOT NULL
    change text COLLATE "C"
    resource text COLLATE "C"
    record text COLLATE "C"
    client text COLLATE "C"
    address text COLLATE "C"
    request text COLLATE "C" NOT NULL
    detail text COLLATE "C"
    hash text COLLATE "C" NOT NULL
    CONSTRAINT audit_entry_pkey PRIMARY KEY (tenant_id, id)
    CREATE INDEX audit_entry_record_index ON public.audit_entry USING btree (tenant_id, record, id)
    CREATE UNIQUE INDEX audit_entry_sequence_key ON public.audit_entry USING btree (tenant_id, sequence) WHERE (deleted_at IS NULL)

CREATE TABLE audit_head
    tenant_id uuid NOT NULL
    sequence bigint NOT NULL
    hash text COLLATE "C" NOT NULL
    CONSTRAINT audit_head_pkey PRIMARY KEY (tenant_id)

CREATE TABLE change_log
    tenant_id uuid NOT NULL
    seq bigint NOT NULL GENERATED BY DEFAULT AS IDENTITY
    xid xid8 NOT NULL DEFAULT pg_current_xact_id()
    resource text COLLATE "C" NOT NULL
    record_id uuid NOT NULL
    version bigint NOT NULL
    at timestamp with time zone NOT NULL
    actor text COLLATE "C" NOT NULL
    client text COLLATE "C"
    request uuid NOT NULL
    kind text COLLATE "C" NOT NULL
    before jsonb
    after jsonb
    CONSTRAINT change_log_pkey PRIMARY KEY (tenant_id, xid, seq)
    CREATE INDEX change_log_record ON public.change_log USING btree (tenant_id, record_id, version)

CREATE TABLE communication_preference
    tenant_id uuid NOT NULL
    id uuid NOT NULL
    version bigint NOT NULL
    created_at timestamp with time zone NOT NULL
    created_by text COLLATE "C" NOT NULL
    updated_at timestamp with time zone NOT NULL
    updated_by text COLLATE "C" NOT NULL
    deleted_at timestamp with time zone
    party_id uuid NOT NULL
    language text COLLATE "C"
    first_channel text COLLATE "C"
    second_channel text COLLATE "C"
    third_channel text COLLATE "C"
    quiet_from text COLLATE "C"
    quiet_until text COLLATE "C"
    time_zone text COLLATE "C"
    most_per_day bigint
    most_per_week bigint
    paused_until timestamp with time zone
    do_not_contact boolean NOT NULL
    custom jsonb
    CONSTRAINT communication_preference_pkey PRIMARY KEY (tenant_id, id)
    CONSTRAINT communication_preference_tenant_id_party_id_fkey FOREIGN KEY (tenant_id, party_id) REFERENCES party(tenant_id, id)
    CREATE INDEX communication_preference_party_id_index ON public.communication_preference USING btree (tenant_id, party_id, id)
    CREATE UNIQUE INDEX communication_preference_party_key ON public.communication_preference USING btree (tenant_id, party_id) WHERE (deleted_at IS NULL)

CREATE TABLE competitor
    tenant_id uuid NOT NULL
    id uuid NOT NULL
    version bigint NOT NULL
    created_at timestamp with time zone NOT NULL
    created_by text COLLATE "C" NOT NULL
    updated_at timestamp with time zone NOT NULL
    updated_by text COLLATE "C" NOT NULL
    deleted_at timestamp with time zone
    name text COLLATE "C" NOT NULL
    name_folded text COLLATE "C" NOT NULL
    website text COLLATE "C"
    strengths text COLLATE "C"
    weaknesses text COLLATE "C"
    custom jsonb
    CONSTRAINT competitor_pkey PRIMARY KEY (tenant_id, id)
    CREATE UNIQUE INDEX competitor_name_key ON public.competitor USING btree (tenant_id, name_folded) WHERE (deleted_at IS NULL)

CREATE TABLE consent
    tenant_id uuid NOT NULL
    id uuid NOT NULL
    version bigint NOT NULL
    created_at timestamp with time zone NOT NULL
    created_by text COLLATE "C" NOT NULL
    updated_at timestamp with time zone NOT NULL
    updated_by text COLLATE "C" NOT NULL
    deleted_at timestamp with time zone
    party_id uuid NOT NULL
    purpose_id uuid NOT NULL
    contact_point_id uuid
    address text COLLATE "C"
    channel text COLLATE "C"
    controller_id uuid
    legal_basis text COLLATE "C" NOT NULL
    state text COLLATE "C" NOT NULL
    occurred_at timestamp with time zone NOT NULL
    source text COLLATE "C"
    evidence text COLLATE "C"
    notice_id uuid
    answers_id uuid
    token_digest text COLLATE "C"
    CONSTRAINT consent_pkey PRIMARY KEY (tenant_id, id)
    CONSTRAINT consent_tenant_id_answers_id_fkey FOREIGN KEY (tenant_id, answers_id) REFERENCES consent(tenant_id, id)
    CONSTRAINT consent_tenant_id_contact_point_id_fkey FOREIGN KEY (tenant_id, contact_point_id) REFERENCES contact_point(tenant_id, id)
    CONSTRAINT consent_tenant_id_controller_id_fkey FOREIGN KEY (tenant_id, controller_id) REFERENCES account(tenant_id, id)
    CONSTRAINT consent_tenant_id_notice_id_fkey FOREIGN KEY (tenant_id, notice_id) REFERENCES purpose_notice(tenant_id, id)
    CONSTRAINT consent_tenant_id_party_id_fkey FOREIGN KEY (tenant_id, party_id) REFERENCES party(tenant_id, id)
    CONSTRAINT consent_tenant_id_purpose_id_fkey FOREIGN KEY (tenant_id, purpose_id) REFERENCES purpose(tenant_id, id)
    CREATE INDEX consent_answers_id_index ON public.consent USING btree (tenant_id, answers_id, id) WHERE (answers_id IS NOT NULL)
    CREATE INDEX consent_contact_point_id_index ON public.consent USING btree (tenant_id, contact_point_id, id) WHERE (contact_point_id IS NOT NULL)
    CREATE INDEX consent_controller_id_index ON public.consent USING btree (tenant_id, controller_id, id) WHERE (controller_id IS NOT NULL)
    CREATE INDEX consent_notice_id_index ON public.consent USING btree (tenant_id, notice_id, id) WHERE (notice_id IS NOT NULL)
    CREATE INDEX consent_party_id_index ON public.consent USING btree (tenant_id, party_id, id)
    CREATE INDEX consent_party_id_occurred_at_index ON public.consent USING btree (tenant_id, party_id, occurred_at, id)
    CREATE INDEX consent_purpose_id_index ON public.consent USING btree (tenant_id, purpose_id, id)
    CREATE INDEX consent_token_digest_index ON public.consent USING btree (tenant_id, token_digest, id)

CREATE TABLE contact
    tenant_id uuid NOT NULL
    id uuid NOT NULL
    version bigint NOT NULL
    created_at timestamp with time zone NOT NULL
    created_by text COLLATE "C" NOT NULL
    updated_at timestamp with time zone NOT NULL
    updated_by text COLLATE "C" NOT NULL
    deleted_at timestamp with time zone
    first_name text COLLATE "C"
    first_name_folded text COLLATE "C"
    last_name text COLLATE "C"
    last_name_folded text COLLATE "C"
    name text COLLATE "C" NOT NULL
    name_folded text COLLATE "C" NOT NULL
    email text COLLATE "C"
    email_folded text COLLATE "C"
    phone text COLLATE "C"
    mobile text COLLATE "C"
    title text COLLATE "C"
    title_folded text COLLATE "C"
    department text COLLATE "C"
    department_folded text COLLATE "C"
    birth_date date
    language text COLLATE "C"
    time_zone text COLLATE "C"
    city text COLLATE "C"
    city_folded text COLLATE "C"
    country text COLLATE "C"
    source text COLLATE "C"
    source_folded text COLLATE "C"
    account_id uuid
    party_id uuid NOT NULL
    merged_into_id uuid
    owner_id uuid
    tags text[] COLLATE "C" NOT NULL
    custom jsonb
    CONSTRAINT contact_pkey PRIMARY KEY (tenant_id, id)
    CONSTRAINT contact_tenant_id_account_id_fkey FOREIGN KEY (tenant_id, account_id) REFERENCES account(tenant_id, id)
    CONSTRAINT contact_tenant_id_id_fkey FOREIGN KEY (tenant_id, id) REFERENCES party(tenant_id, id)
    CONSTRAINT contact_tenant_id_merged_into_id_fkey FOREIGN KEY (tenant_id, merged_into_id) REFERENCES contact(tenant_id, id)
    CONSTRAINT contact_tenant_id_owner_id_fkey FOREIGN KEY (tenant_id, owner_id) REFERENCES app_user(tenant_id, id)
    CONSTRAINT contact_check CHECK ((party_id = id))
    CREATE INDEX contact_account_id_index ON public.contact USING btree (tenant_id, account_id, id) WHERE (account_id IS NOT NULL)
    CREATE INDEX contact_email_folded_index ON public.contact USING btree (tenant_id, email_folded, id)
    CREATE INDEX contact_merged_into_id_index ON public.contact USING btree (tenant_id, merged_into_id, id) WHERE (merged_into_id IS NOT NULL)
    CREATE INDEX contact_name_index ON public.contact USING btree (tenant_id, name, id)
    CREATE INDEX contact_owner_id_index ON public.contact USING btree (tenant_id, owner_id, id) WHERE (owner_id IS NOT NULL)
    CREATE INDEX contact_owner_id_name_index ON public.contact USING btree (tenant_id, owner_id, name, id) WHERE (owner_id IS NOT NULL)

CREATE TABLE contact_decision
    tenant_id uuid NOT NULL
    id uuid NOT NULL
    version bigint NOT NULL
    created_at timestamp with time zone NOT NULL
    created_by text COLLATE "C" NOT NULL
    updated_at timestamp with time zone NOT NULL
    updated_by text COLLATE "C" NOT NULL
    deleted_at timestamp with time zone
    party_id uuid NOT NULL
    purpose_id uuid NOT NULL
    channel text COLLATE "C" NOT NULL
    contact_point_id uuid
    controller_id uuid
    verdict text COLLATE "C" NOT NULL
    other_channel text COLLATE "C"
    reasons text[] COLLATE "C" NOT NULL
    decided_at timestamp with time zone NOT NULL
    not_before timestamp with time zone
    consent_id uuid
    CONSTRAINT contact_decision_pkey PRIMARY KEY (tenant_id, id)
    CONSTRAINT contact_decision_tenant_id_consent_id_fkey FOREIGN KEY (tenant_id, consent_id) REFERENCES consent(tenant_id, id)
    CONSTRAINT contact_decision_tenant_id_contact_point_id_fkey FOREIGN KEY (tenant_id, contact_point_id) REFERENCES contact_point(tenant_id, id)
    CONSTRAINT contact_decision_tenant_id_controller_id_fkey FOREIGN KEY (tenant_id, controller_id) REFERENCES account(tenant_id, id)
    CONSTRAINT contact_decision_tenant_id_party_id_fkey FOREIGN KEY (tenant_id, party_id) REFERENCES party(tenant_id, id)
    CONSTRAINT contact_decision_tenant_id_purpose_id_fkey FOREIGN KEY (tenant_id, purpose_id) REFERENCES purpose(tenant_id, id)
    CREATE INDEX contact_decision_consent_id_index ON public.contact_decision USING btree (tenant_id, consent_id, id) WHERE (consent_id IS NOT NULL)
    CREATE INDEX contact_decision_contact_point_id_index ON public.contact_decision USING btree (tenant_id, contact_point_id, id) WHERE (contact_point_id IS NOT NULL)
    CREATE INDEX contact_decision_controller_id_index ON public.contact_decision USING btree (tenant_id, controller_id, id) WHERE (controller_id IS NOT NULL)
    CREATE INDEX contact_decision_party_id_decided_at_index ON public.contact_decision USING btree (tenant_id, party_id, decided_at, id)
    CREATE INDEX contact_decision_purpose_id_index ON public.contact_decision USING btree (tenant_id, purpose_id, id)

CREATE TABLE contact_point
    tenant_id uuid NOT NULL
    id uuid NOT NULL
    version bigint NOT NULL
    created_at timestamp with time zone NOT NULL
    created_by text COLLATE "C" NOT NULL
    updated_at timestamp with time zone NOT NULL
    updated_by text COLLATE "C" NOT NULL
    deleted_at timestamp with time zone
    party_id uuid NOT NULL
    kind text COLLATE "C" NOT NULL
    label text COLLATE "C"
    value text COLLATE "C" NOT NULL
    value_folded text COLLATE "C" NOT NULL
    normalized text COLLATE "C"
    preferred boolean NOT NULL
    verified_at timestamp with time zone
    health text COLLATE "C" NOT NULL
    health_reason text COLLATE "C"
    health_reported_at timestamp with time zone
    custom jsonb
    CONSTRAINT contact_point_pkey PRIMARY KEY (tenant_id, id)
    CONSTRAINT contact_point_tenant_id_party_id_fkey FOREIGN KEY (tenant_id, party_id) REFERENCES party(tenant_id, id)
    CREATE INDEX contact_point_party_id_index ON public.contact_point USING btree (tenant_id, party_id, id)
    CREATE UNIQUE INDEX contact_point_party_kind_normalized_key ON public.contact_point USING btree (tenant_id, normalized, kind, party_id) WHERE (deleted_at IS NULL)

CREATE TABLE custom_field
    tenant_id uuid NOT NULL
    id uuid NOT NULL
    version bigint NOT NULL
    created_at timestamp with time zone NOT NULL
    created_by text COLLATE "C" NOT NULL
    updated_at timestamp with time zone NOT NULL
    updated_by text COLLATE "C" NOT NULL
    deleted_at timestamp with time zone
    resource text COLLATE "C" NOT NULL
    name text COLLATE "C" NOT NULL
    label text COLLATE "C" NOT NULL
    label_folded text COLLATE "C" NOT NULL
    labels text[] COLLATE "C" NOT NULL
    description text COLLATE "C"
    kind text COLLATE "C" NOT NULL
    options text[] COLLATE "C" NOT NULL
    target text COLLATE "C"
    inverse text COLLATE "C"
    required boolean NOT NULL
    is_unique boolean NOT NULL
    indexed boolean NOT NULL
    searched boolean NOT NULL
    minimum bigint
    maximum bigint
    max_length bigint
    default_value text COLLATE "C"
    key text COLLATE "C" NOT NULL
    sensitive boolean NOT NULL
    option_labels text[] COLLATE "C" NOT NULL
    retired_keys text[] COLLATE "C" NOT NULL
    CONSTRAINT custom_field_pkey PRIMARY KEY (tenant_id, id)
    CREATE UNIQUE INDEX custom_field_resource_name_key ON public.custom_field USING btree (tenant_id, resource, name) WHERE (deleted_at IS NULL)

CREATE TABLE custom_object
    tenant_id uuid NOT NULL
    id uuid NOT NULL
    version bigint NOT NULL
    created_at timestamp with time zone NOT NULL
    created_by text COLLATE "C" NOT NULL
    updated_at timestamp with time zone NOT NULL
    updated_by text COLLATE "C" NOT NULL
    deleted_at timestamp with time zone
    name text COLLATE "C" NOT NULL
    plural text COLLATE "C" NOT NULL
    label text COLLATE "C" NOT NULL
    label_folded text COLLATE "C" NOT NULL
    labels text[] COLLATE "C" NOT NULL
    description text COLLATE "C"
    title text COLLATE "C" NOT NULL
    key text COLLATE "C" NOT NULL
    CONSTRAINT custom_object_pkey PRIMARY KEY (tenant_id, id)
    CREATE UNIQUE INDEX custom_object_name_key ON public.custom_object USING btree (tenant_id, name) WHERE (deleted_at IS NULL)
    CREATE UNIQUE INDEX custom_object_plural_key ON public.custom_object USING btree (tenant_id, plural) WHERE (deleted_at IS NULL)

CREATE TABLE custom_record
    tenant_id uuid NOT NULL
    id uuid NOT NULL
    version bigint NOT NULL
    created_at timestamp with time zone NOT NULL
    created_by text COLLATE "C" NOT NULL
    updated_at timestamp with time zone NOT NULL
    updated_by text COLLATE "C" NOT NULL
    deleted_at timestamp with time zone
    object text COLLATE "C" NOT NULL
    name text COLLATE "C" NOT NULL
    name_folded text COLLATE "C" NOT NULL
    owner_id uuid
    tags text[] COLLATE "C" NOT NULL
    custom jsonb
    CONSTRAINT custom_record_pkey PRIMARY KEY (tenant_id, id)
    CONSTRAINT custom_record_tenant_id_owner_id_fkey FOREIGN KEY (tenant_id, owner_id) REFERENCES app_user(tenant_id, id)
    CREATE INDEX custom_record_object_index ON public.custom_record USING btree (tenant_id, object, id)
    CREATE INDEX custom_record_object_name_index ON public.custom_record USING btree (tenant_id, object, name, id)
    CREATE INDEX custom_record_owner_id_index ON public.custom_record USING btree (tenant_id, owner_id, id) WHERE (owner_id IS NOT NULL)
    CREATE INDEX custom_record_owner_id_name_index ON public.custom_record USING btree (tenant_id, object, owner_id, name, id) WHERE (owner_id IS NOT NULL)

CREATE TABLE customer_event
    tenant_id uuid NOT NULL
    id uuid NOT NULL
    version bigint NOT NULL
    created_at timestamp with time zone NOT NULL
    created_by text COLLATE "C" NOT NULL
    updated_at timestamp with time zone NOT NULL
    updated_by text COLLATE "C" NOT NULL
    deleted_at timestamp with time zone
    kind text COLLATE "C" NOT NULL
    name text COLLATE "C"
    name_folded text COLLATE "C"
    visitor_id uuid
    party_id uuid
    occurred_at timestamp with time zone NOT NULL
    url text COLLATE "C"
    value_minor bigint
    value_currency text COLLATE "C"
    properties text[] COLLATE "C" NOT NULL
    CONSTRAINT customer_event_pkey PRIMARY KEY (tenant_id, id)
    CONSTRAINT customer_event_tenant_id_party_id_fkey FOREIGN KEY (tenant_id, party_id) REFERENCES party(tenant_id, id)
    CONSTRAINT customer_event_tenant_id_visitor_id_fkey FOREIGN KEY (tenant_id, visitor_id) REFERENCES visitor(tenant_id, id)
    CONSTRAINT customer_event_check CHECK (((value_minor IS NULL) = (value_currency IS NULL)))
    CREATE INDEX customer_event_party_id_occurred_at_index ON public.customer_event USING btree (tenant_id, party_id, occurred_at, id)
    CREATE INDEX customer_event_visitor_id_occurred_at_index ON public.customer_event USING btree (tenant_id, visitor_id, occurred_at, id)

CREATE TABLE discount_limit
    tenant_id uuid NOT NULL
    id uuid NOT NULL
    version bigint NOT NULL
    created_at timestamp with time zone NOT NULL
    created_by text COLLATE "C" NOT NULL
    updated_at timestamp with time zone NOT NULL
    updated_by text COLLATE "C" NOT NULL
    deleted_at timestamp with time zone
    role_id uuid NOT NULL
    percent bigint NOT NULL
    CONSTRAINT discount_limit_pkey PRIMARY KEY (tenant_id, id)
    CONSTRAINT discount_limit_tenant_id_role_id_fkey FOREIGN KEY (tenant_id, role_id) REFERENCES role(tenant_id, id)
    CREATE INDEX discount_limit_role_id_index ON public.discount_limit USING btree (tenant_id, role_id, id)
    CREATE UNIQUE INDEX discount_limit_role_key ON public.discount_limit USING btree (tenant_id, role_id) WHERE (deleted_at IS NULL)

CREATE TABLE duplicate_rule
    tenant_id uuid NOT NULL
    id uuid NOT NULL
    version bigint NOT NULL
    created_at timestamp with time zone NOT NULL
    created_by text COLLATE "C" NOT NULL
    updated_at timestamp with time zone NOT NULL
    updated_by text COLLATE "C" NOT NULL
    deleted_at timestamp with time zone
    name text COLLATE "C" NOT NULL
    name_folded text COLLATE "C" NOT NULL
    party_kind text COLLATE "C" NOT NULL
    pair_by_email boolean NOT NULL
    pair_by_phone boolean NOT NULL
    pair_by_website boolean NOT NULL
    pair_by_tax_id boolean NOT NULL
    pair_by_name boolean NOT NULL
    name_weight bigint NOT NULL
    email_weight bigint NOT NULL
    phone_weight bigint NOT NULL
    website_weight bigint NOT NULL
    tax_id_weight bigint NOT NULL
    birth_date_weight bigint NOT NULL
    city_weight bigint NOT NULL
    threshold bigint NOT NULL
    at_creation text COLLATE "C" NOT NULL
    active boolean NOT NULL
    custom jsonb
    CONSTRAINT duplicate_rule_pkey PRIMARY KEY (tenant_id, id)
    CREATE UNIQUE INDEX duplicate_rule_name_key ON public.duplicate_rule USING btree (tenant_id, name_folded) WHERE (deleted_at IS NULL)

CREATE TABLE exchange_rate
    tenant_id uuid NOT NULL
    id uuid NOT NULL
    version bigint NOT NULL
    created_at timestamp with time zone NOT NULL
    created_by text COLLATE "C" NOT NULL
    updated_at timestamp with time zone NOT NULL
    updated_by text COLLATE "C" NOT NULL
    deleted_at timestamp with time zone
    from_currency text COLLATE "C" NOT NULL
    to_currency text COLLATE "C" NOT NULL
    valid_on date NOT NULL
    rate bigint NOT NULL
    source text COLLATE "C"
    CONSTRAINT exchange_rate_pkey PRIMARY KEY (tenant_id, id)
    CREATE UNIQUE INDEX exchange_rate_from_to_on_key ON public.exchange_rate USING btree (tenant_id, from_currency, to_currency, valid_on) WHERE (deleted_at IS NULL)

CREATE TABLE export_job
    tenant_id uuid NOT NULL
    id uuid NOT NULL
    version bigint NOT NULL
    created_at timestamp with time zone NOT NULL
    created_by text COLLATE "C" NOT NULL
    updated_at timestamp with time zone NOT NULL
    updated_by text COLLATE "C" NOT NULL
    deleted_at timestamp with time zone
    resource text COLLATE "C" NOT NULL
    fields text COLLATE "C"
    filter text COLLATE "C"
    with_deleted boolean NOT NULL
    format text COLLATE "C" NOT NULL
    guarded boolean NOT NULL
    state text COLLATE "C" NOT NULL
    started_at timestamp with time zone
    finished_at timestamp with time zone
    expires_at timestamp with time zone NOT NULL
    failure_code text COLLATE "C"
    failure text COLLATE "C"
    content_bytes bigint
    content_key text COLLATE "C"
    file_name text COLLATE "C"
    mapping_text text COLLATE "C"
    records_written bigint NOT NULL
    CONSTRAINT export_job_pkey PRIMARY KEY (tenant_id, id)
    CREATE INDEX export_job_state_index ON public.export_job USING btree (tenant_id, state, id)

CREATE TABLE external_id
    tenant_id uuid NOT NULL
    id uuid NOT NULL
    version bigint NOT NULL
    created_at timestamp with time zone NOT NULL
    created_by text COLLATE "C" NOT NULL
    updated_at timestamp with time zone NOT NULL
    updated_by text COLLATE "C" NOT NULL
    deleted_at timestamp with time zone
    system text COLLATE "C" NOT NULL
    value text COLLATE "C" NOT NULL
    record_resource text COLLATE "C" NOT NULL
    record_id uuid NOT NULL
    CONSTRAINT external_id_pkey PRIMARY KEY (tenant_id, id)
    CREATE INDEX external_id_record_id_index ON public.external_id USING btree (tenant_id, record_id, id)
    CREATE UNIQUE INDEX external_id_system_resource_value_key ON public.external_id USING btree (tenant_id, system, record_resource, value) WHERE (deleted_at IS NULL)

CREATE TABLE external_identity
    tenant_id uuid NOT NULL
    id uuid NOT NULL
    version bigint NOT NULL
    created_at timestamp with time zone NOT NULL
    created_by text COLLATE "C" NOT NULL
    updated_at timestamp with time zone NOT NULL
    updated_by text COLLATE "C" NOT NULL
    deleted_at timestamp with time zone
    user_id uuid NOT NULL
    identity_provider_id uuid NOT NULL
    issuer text COLLATE "C" NOT NULL
    subject text COLLATE "C" NOT NULL
    email text COLLATE "C" NOT NULL
    CONSTRAINT external_identity_pkey PRIMARY KEY (tenant_id, id)
    CONSTRAINT external_identity_tenant_id_identity_provider_id_fkey FOREIGN KEY (tenant_id, identity_provider_id) REFERENCES identity_provider(tenant_id, id)
    CONSTRAINT external_identity_tenant_id_user_id_fkey FOREIGN KEY (tenant_id, user_id) REFERENCES app_user(tenant_id, id)
    CREATE INDEX external_identity_identity_provider_id_index ON public.external_identity USING btree (tenant_id, identity_provider_id, id)
    CREATE UNIQUE INDEX external_identity_issuer_subject_key ON public.external_identity USING btree (tenant_id, issuer, subject) WHERE (deleted_at IS NULL)
    CREATE INDEX external_identity_user_id_index ON public.external_identity USING btree (tenant_id, user_id, id)

CREATE TABLE feed_member
    tenant_id uuid NOT NULL
    view_id uuid NOT NULL
    resource text COLLATE "C" NOT NULL
    record_id uuid NOT NULL
    gained bigint NOT NULL
    gained_by text COLLATE "C" NOT NULL
    lost bigint
    lost_by text COLLATE "C"
    CONSTRAINT feed_member_pkey PRIMARY KEY (tenant_id, view_id, resource, record_id, gained)
    CONSTRAINT feed_member_tenant_id_view_id_fkey FOREIGN KEY (tenant_id, view_id) REFERENCES feed_view(tenant_id, id) ON DELETE CASCADE
    CREATE INDEX feed_member_gained ON public.feed_member USING btree (tenant_id, view_id, gained) WHERE (gained > 0)
    CREATE INDEX feed_member_lost ON public.feed_member USING btree (tenant_id, view_id, lost) WHERE (lost IS NOT NULL)

CREATE TABLE feed_view
    tenant_id uuid NOT NULL
    id uuid NOT NULL
    principal text COLLATE "C" NOT NULL
    fingerprint text COLLATE "C" NOT NULL
    request text COLLATE "C" NOT NULL
    state text COLLATE "C" NOT NULL
    step bigint NOT NULL
    xid bigint NOT NULL
    seq bigint NOT NULL
    used_at timestamp with time zone NOT NULL
    CONSTRAINT feed_view_pkey PRIMARY KEY (tenant_id, id)
    CREATE UNIQUE INDEX feed_view_of ON public.feed_view USING btree (tenant_id, principal, fingerprint)
    CREATE INDEX feed_view_used ON public.feed_view USING btree (used_at)

CREATE TABLE field_rule
    tenant_id uuid NOT NULL
    id uuid NOT NULL
    version bigint NOT NULL
    created_at timestamp with time zone NOT NULL
    created_by text COLLATE "C" NOT NULL
    updated_at timestamp with time zone NOT NULL
    updated_by text COLLATE "C" NOT NULL
    deleted_at timestamp with time zone
    role_id uuid NOT NULL
    resource text COLLATE "C" NOT NULL
    field_name text COLLATE "C" NOT NULL
    access text COLLATE "C" NOT NULL
    CONSTRAINT field_rule_pkey PRIMARY KEY (tenant_id, id)
    CONSTRAINT field_rule_tenant_id_role_id_fkey FOREIGN KEY (tenant_id, role_id) REFERENCES role(tenant_id, id)
    CREATE INDEX field_rule_role_id_index ON public.field_rule USING btree (tenant_id, role_id, id)
    CREATE UNIQUE INDEX field_rule_role_resource_field_key ON public.field_rule USING btree (tenant_id, role_id, resource, field_name) WHERE (deleted_at IS NULL)

CREATE TABLE file
    tenant_id uuid NOT NULL
    id uuid NOT NULL
    version bigint NOT NULL
    created_at timestamp with time zone NOT NULL
    created_by text COLLATE "C" NOT NULL
    updated_at timestamp with time zone NOT NULL
    updated_by text COLLATE "C" NOT NULL
    deleted_at timestamp with time zone
    name text COLLATE "C" NOT NULL
    name_folded text COLLATE "C" NOT NULL
    record_resource text COLLATE "C"
    record_id uuid
    description text COLLATE "C"
    media_type text COLLATE "C" NOT NULL
    size bigint NOT NULL
    sha256 text COLLATE "C" NOT NULL
    content_path text COLLATE "C" NOT NULL
    owner_id uuid
    tags text[] COLLATE "C" NOT NULL
    CONSTRAINT file_pkey PRIMARY KEY (tenant_id, id)
    CONSTRAINT file_tenant_id_owner_id_fkey FOREIGN KEY (tenant_id, owner_id) REFERENCES app_user(tenant_id, id)
    CONSTRAINT file_check CHECK (((record_resource IS NULL) = (record_id IS NULL)))
    CONSTRAINT file_size_check CHECK ((size >= 0))
    CREATE INDEX file_owner_id_index ON public.file USING btree (tenant_id, owner_id, id) WHERE (owner_id IS NOT NULL)
    CREATE INDEX file_record_id_created_at_index ON public.file USING btree (tenant_id, record_id, created_at, id)
    CREATE INDEX file_record_id_index ON public.file USING btree (tenant_id, record_id, id)
    CREATE INDEX file_sha256_index ON public.file USING btree (tenant_id, sha256, id)

CREATE TABLE follower
    tenant_id uuid NOT NULL
    id uuid NOT NULL
    version bigint NOT NULL
    created_at timestamp with time zone NOT NULL
    created_by text COLLATE "C" NOT NULL
    updated_at timestamp with time zone NOT NULL
    updated_by text COLLATE "C" NOT NULL
    deleted_at timestamp with time zone
    user_id uuid NOT NULL
    record_resource text COLLATE "C" NOT NULL
    record_id uuid NOT NULL
    muted boolean NOT NULL
    user_with_record text COLLATE "C" NOT NULL
    CONSTRAINT follower_pkey PRIMARY KEY (tenant_id, id)
    CONSTRAINT follower_tenant_id_user_id_fkey FOREIGN KEY (tenant_id, user_id) REFERENCES app_user(tenant_id, id)
    CREATE INDEX follower_record_id_index ON public.follower USING btree (tenant_id, record_id, id)
    CREATE INDEX follower_user_id_index ON public.follower USING btree (tenant_id, user_id, id)
    CREATE UNIQUE INDEX follower_user_record_key ON public.follower USING btree (tenant_id, user_id, user_with_record) WHERE (deleted_at IS NULL)

CREATE TABLE household_member
    tenant_id uuid NOT NULL
    id uuid NOT NULL
    version bigint NOT NULL
    created_at timestamp with time zone NOT NULL
    created_by text COLLATE "C" NOT NULL
    updated_at timestamp with time zone NOT NULL
    updated_by text COLLATE "C" NOT NULL
    deleted_at timestamp with time zone
    account_id uuid NOT NULL
    party_id uuid NOT NULL
    role text COLLATE "C" NOT NULL
    since date
    until date
    custom jsonb
    CONSTRAINT household_member_pkey PRIMARY KEY (tenant_id, id)
    CONSTRAINT household_member_tenant_id_account_id_fkey FOREIGN KEY (tenant_id, account_id) REFERENCES account(tenant_id, id)
    CONSTRAINT household_member_tenant_id_party_id_fkey FOREIGN KEY (tenant_id, party_id) REFERENCES party(tenant_id, id)
    CONSTRAINT household_member_check CHECK ((until >= since))
    CREATE INDEX household_member_account_id_index ON public.household_member USING btree (tenant_id, account_id, id)
    CREATE UNIQUE INDEX household_member_account_party_since_key ON public.household_member USING btree (tenant_id, account_id, party_id, since) WHERE (deleted_at IS NULL)
    CREATE INDEX household_member_party_id_index ON public.household_member USING btree (tenant_id, party_id, id)

CREATE TABLE idempotency
    tenant_id uuid NOT NULL
    principal text COLLATE "C" NOT NULL
    key text COLLATE "C" NOT NULL
    fingerprint text COLLATE "C" NOT NULL
    status integer NOT NULL
    resource text COLLATE "C" NOT NULL
    record_id uuid NOT NULL
    version bigint NOT NULL
    at timestamp with time zone NOT NULL
    answer text COLLATE "C"
    CONSTRAINT idempotency_pkey PRIMARY KEY (tenant_id, principal, key)
    CREATE INDEX idempotency_at ON public.idempotency USING btree (at)

CREATE TABLE identity_provider
    tenant_id uuid NOT NULL
    id uuid NOT NULL
    version bigint NOT NULL
    created_at timestamp with time zone NOT NULL
    created_by text COLLATE "C" NOT NULL
    updated_at timestamp with time zone NOT NULL
    updated_by text COLLATE "C" NOT NULL
    deleted_at timestamp with time zone
    name text COLLATE "C" NOT NULL
    name_folded text COLLATE "C" NOT NULL
    issuer text COLLATE "C" NOT NULL
    client_id text COLLATE "C" NOT NULL
    scopes text COLLATE "C" NOT NULL
    email_domains text COLLATE "C"
    creates_users boolean NOT NULL
    role_id uuid
    active boolean NOT NULL
    client_secret_set_at timestamp with time zone
    shared_secret text COLLATE "C"
    CONSTRAINT identity_provider_pkey PRIMARY KEY (tenant_id, id)
    CONSTRAINT identity_provider_tenant_id_role_id_fkey FOREIGN KEY (tenant_id, role_id) REFERENCES role(tenant_id, id)
    CREATE UNIQUE INDEX identity_provider_issuer_key ON public.identity_provider USING btree (tenant_id, issuer) WHERE (deleted_at IS NULL)
    CREATE UNIQUE INDEX identity_provider_name_key ON public.identity_provider USING btree (tenant_id, name_folded) WHERE (deleted_at IS NULL)
    CREATE INDEX identity_provider_role_id_index ON public.identity_provider USING btree (tenant_id, role_id, id) WHERE (role_id IS NOT NULL)

CREATE TABLE import_job
    tenant_id uuid NOT NULL
    id uuid NOT NULL
    version bigint NOT NULL
    created_at timestamp with time zone NOT NULL
    created_by text COLLATE "C" NOT NULL
    updated_at timestamp with time zone NOT NULL
    updated_by text COLLATE "C" NOT NULL
    deleted_at timestamp with time zone
    file_name text COLLATE "C"
    file_name_folded text COLLATE "C"
    mapping_id uuid
    mapping_name text COLLATE "C"
    mapping_text text COLLATE "C" NOT NULL
    rows text COLLATE "C"
    format text COLLATE "C"
    writing text COLLATE "C" NOT NULL
    state text COLLATE "C" NOT NULL
    started_at timestamp with time zone
    finished_at timestamp with time zone
    expires_at timestamp with time zone NOT NULL
    failure_code text COLLATE "C"
    failure text COLLATE "C"
    content_bytes bigint
    content_key text COLLATE "C"
    encoding text COLLATE "C"
    rows_read bigint NOT NULL
    rows_refused bigint NOT NULL
    records_created bigint NOT NULL
    records_updated bigint NOT NULL
    records_unchanged bigint NOT NULL
    records_refused bigint NOT NULL
    problem_count bigint NOT NULL
    checkpoint text COLLATE "C"
    allow_duplicates boolean NOT NULL
    scopes text COLLATE "C"
    CONSTRAINT import_job_pkey PRIMARY KEY (tenant_id, id)
    CONSTRAINT import_job_tenant_id_mapping_id_fkey FOREIGN KEY (tenant_id, mapping_id) REFERENCES import_mapping(tenant_id, id)
    CREATE INDEX import_job_mapping_id_index ON public.import_job USING btree (tenant_id, mapping_id, id) WHERE (mapping_id IS NOT NULL)
    CREATE INDEX import_job_state_index ON public.import_job USING btree (tenant_id, state, id)

CREATE TABLE import_mapping
    tenant_id uuid NOT NULL
    id uuid NOT NULL
    version bigint NOT NULL
    created_at timestamp with time zone NOT NULL
    created_by text COLLATE "C" NOT NULL
    updated_at timestamp with time zone NOT NULL
    updated_by text COLLATE "C" NOT NULL
    deleted_at timestamp with time zone
    name text COLLATE "C" NOT NULL
    name_folded text COLLATE "C" NOT NULL
    description text COLLATE "C"
    text text COLLATE "C" NOT NULL
    resources text[] COLLATE "C" NOT NULL
    CONSTRAINT import_mapping_pkey PRIMARY KEY (tenant_id, id)
    CREATE UNIQUE INDEX import_mapping_name_key ON public.import_mapping USING btree (tenant_id, name_folded) WHERE (deleted_at IS NULL)

CREATE TABLE import_problem
    tenant_id uuid NOT NULL
    id uuid NOT NULL
    version bigint NOT NULL
    created_at timestamp with time zone NOT NULL
    created_by text COLLATE "C" NOT NULL
    updated_at timestamp with time zone NOT NULL
    updated_by text COLLATE "C" NOT NULL
    deleted_at timestamp with time zone
    import_id uuid NOT NULL
    row_number bigint NOT NULL
    line_number bigint NOT NULL
    record text COLLATE "C"
    field text COLLATE "C"
    column_names text COLLATE "C"
    code text COLLATE "C" NOT NULL
    message text COLLATE "C" NOT NULL
    given text COLLATE "C"
    CONSTRAINT import_problem_pkey PRIMARY KEY (tenant_id, id)
    CONSTRAINT import_problem_tenant_id_import_id_fkey FOREIGN KEY (tenant_id, import_id) REFERENCES import_job(tenant_id, id)
    CREATE INDEX import_problem_import_id_index ON public.import_problem USING btree (tenant_id, import_id, id)

CREATE TABLE inbox_event
    tenant_id uuid NOT NULL
    id uuid NOT NULL
    version bigint NOT NULL
    created_at timestamp with time zone NOT NULL
    created_by text COLLATE "C" NOT NULL
    updated_at timestamp with time zone NOT NULL
    updated_by text COLLATE "C" NOT NULL
    deleted_at timestamp with time zone
    source_id uuid NOT NULL
    event_id text COLLATE "C" NOT NULL
    received_at timestamp with time zone NOT NULL
    status text COLLATE "C" NOT NULL
    key text COLLATE "C"
    attempts bigint NOT NULL
    finished_at timestamp with time zone
    failure_code text COLLATE "C"
    failure text COLLATE "C"
    failure_pointer text COLLATE "C"
    failure_step text COLLATE "C"
    records text[] COLLATE "C" NOT NULL
    body_bytes bigint NOT NULL
    body_encoding text COLLATE "C" NOT NULL
    body text COLLATE "C"
    headers text COLLATE "C"
    CONSTRAINT inbox_event_pkey PRIMARY KEY (tenant_id, id)
    CONSTRAINT inbox_event_tenant_id_source_id_fkey FOREIGN KEY (tenant_id, source_id) REFERENCES inbox_source(tenant_id, id)
    CREATE INDEX inbox_event_age_index ON public.inbox_event USING btree (received_at)
    CREATE UNIQUE INDEX inbox_event_source_event_key ON public.inbox_event USING btree (tenant_id, source_id, event_id) WHERE (deleted_at IS NULL)
    CREATE INDEX inbox_event_source_id_index ON public.inbox_event USING btree (tenant_id, source_id, id)
    CREATE INDEX inbox_event_source_id_key_index ON public.inbox_event USING btree (tenant_id, source_id, key, id)
    CREATE INDEX inbox_event_source_id_status_index ON public.inbox_event USING btree (tenant_id, source_id, status, id)

CREATE TABLE inbox_source
    tenant_id uuid NOT NULL
    id uuid NOT NULL
    version bigint NOT NULL
    created_at timestamp with time zone NOT NULL
    created_by text COLLATE "C" NOT NULL
    updated_at timestamp with time zone NOT NULL
    updated_by text COLLATE "C" NOT NULL
    deleted_at timestamp with time zone
    name text COLLATE "C" NOT NULL
    name_folded text COLLATE "C" NOT NULL
    description text COLLATE "C"
    state text COLLATE "C" NOT NULL
    signature text COLLATE "C" NOT NULL
    signature_header text COLLATE "C"
    signature_encoding text COLLATE "C" NOT NULL
    signature_prefix text COLLATE "C"
    format text COLLATE "C" NOT NULL
    event_id_header text COLLATE "C"
    event_id_pointer text COLLATE "C"
    key_pointer text COLLATE "C"
    mapping text COLLATE "C"
    allow_duplicates boolean NOT NULL
    previous_secret_until timestamp with time zone
    signing_secret text COLLATE "C" NOT NULL
    previous_secret text COLLATE "C"
    scopes text COLLATE "C" NOT NULL
    owner_id uuid
    CONSTRAINT inbox_source_pkey PRIMARY KEY (tenant_id, id)
    CONSTRAINT inbox_source_tenant_id_owner_id_fkey FOREIGN KEY (tenant_id, owner_id) REFERENCES app_user(tenant_id, id)
    CREATE INDEX inbox_source_owner_id_index ON public.inbox_source USING btree (tenant_id, owner_id, id) WHERE (owner_id IS NOT NULL)

CREATE TABLE interaction
    tenant_id uuid NOT NULL
    id uuid NOT NULL
    version bigint NOT NULL
    created_at timestamp with time zone NOT NULL
    created_by text COLLATE "C" NOT NULL
    updated_at timestamp with time zone NOT NULL
    updated_by text COLLATE "C" NOT NULL
    deleted_at timestamp with time zone
    kind text COLLATE "C" NOT NULL
    direction text COLLATE "C"
    channel text COLLATE "C"
    subject text COLLATE "C" NOT NULL
    subject_folded text COLLATE "C" NOT NULL
    body text COLLATE "C"
    outcome text COLLATE "C"
    outcome_folded text COLLATE "C"
    occurred_at timestamp with time zone NOT NULL
    duration bigint
    cost_minor bigint
    cost_currency text COLLATE "C"
    owner_id uuid
    tags text[] COLLATE "C" NOT NULL
    custom jsonb
    CONSTRAINT interaction_pkey PRIMARY KEY (tenant_id, id)
    CONSTRAINT interaction_tenant_id_owner_id_fkey FOREIGN KEY (tenant_id, owner_id) REFERENCES app_user(tenant_id, id)
    CONSTRAINT interaction_check CHECK (((cost_minor IS NULL) = (cost_currency IS NULL)))
    CONSTRAINT interaction_duration_check CHECK ((duration >= 0))
    CREATE INDEX interaction_occurred_at_index ON public.interaction USING btree (tenant_id, occurred_at, id)
    CREATE INDEX interaction_owner_id_index ON public.interaction USING btree (tenant_id, owner_id, id) WHERE (owner_id IS NOT NULL)

CREATE TABLE interaction_participant
    tenant_id uuid NOT NULL
    id uuid NOT NULL
    version bigint NOT NULL
    created_at timestamp with time zone NOT NULL
    created_by text COLLATE "C" NOT NULL
    updated_at timestamp with time zone NOT NULL
    updated_by text COLLATE "C" NOT NULL
    deleted_at timestamp with time zone
    interaction_id uuid NOT NULL
    party_id uuid NOT NULL
    role text COLLATE "C" NOT NULL
    occurred_at timestamp with time zone NOT NULL
    kind text COLLATE "C" NOT NULL
    subject text COLLATE "C" NOT NULL
    custom jsonb
    CONSTRAINT interaction_participant_pkey PRIMARY KEY (tenant_id, id)
    CONSTRAINT interaction_participant_tenant_id_interaction_id_fkey FOREIGN KEY (tenant_id, interaction_id) REFERENCES interaction(tenant_id, id)
    CONSTRAINT interaction_participant_tenant_id_party_id_fkey FOREIGN KEY (tenant_id, party_id) REFERENCES party(tenant_id, id)
    CREATE INDEX interaction_participant_interaction_id_index ON public.interaction_participant USING btree (tenant_id, interaction_id, id)
    CREATE UNIQUE INDEX interaction_participant_interaction_party_key ON public.interaction_participant USING btree (tenant_id, interaction_id, party_id) WHERE (deleted_at IS NULL)
    CREATE INDEX interaction_participant_party_id_occurred_at_index ON public.interaction_participant USING btree (tenant_id, party_id, occurred_at, id)

CREATE TABLE job
    tenant_id uuid NOT NULL
    id uuid NOT NULL
    version bigint NOT NULL
    created_at timestamp with time zone NOT NULL
    created_by text COLLATE "C" NOT NULL
    updated_at timestamp with time zone NOT NULL
    updated_by text COLLATE "C" NOT NULL
    deleted_at timestamp with time zone
    kind text COLLATE "C" NOT NULL
    import_id uuid
    export_id uuid
    state text COLLATE "C" NOT NULL
    run_at timestamp with time zone NOT NULL
    attempts bigint NOT NULL
    started_at timestamp with time zone
    finished_at timestamp with time zone
    failure_code text COLLATE "C"
    failure text COLLATE "C"
    on_behalf_of text COLLATE "C" NOT NULL
    maker_scopes text COLLATE "C"
    inbox_source_id uuid
    CONSTRAINT job_pkey PRIMARY KEY (tenant_id, id)
    CONSTRAINT job_tenant_id_export_id_fkey FOREIGN KEY (tenant_id, export_id) REFERENCES export_job(tenant_id, id)
    CONSTRAINT job_tenant_id_import_id_fkey FOREIGN KEY (tenant_id, import_id) REFERENCES import_job(tenant_id, id)
    CONSTRAINT job_tenant_id_inbox_source_id_fkey FOREIGN KEY (tenant_id, inbox_source_id) REFERENCES inbox_source(tenant_id, id)
    CREATE INDEX job_export_id_index ON public.job USING btree (tenant_id, export_id, id) WHERE (export_id IS NOT NULL)
    CREATE INDEX job_import_id_index ON public.job USING btree (tenant_id, import_id, id) WHERE (import_id IS NOT NULL)
    CREATE INDEX job_inbox_source_id_index ON public.job USING btree (tenant_id, inbox_source_id, id) WHERE (inbox_source_id IS NOT NULL)
    CREATE INDEX job_turn_index ON public.job USING btree (state, tenant_id, id)

CREATE TABLE job_content
    tenant_id uuid NOT NULL
    id uuid NOT NULL
    version bigint NOT NULL
    created_at timestamp with time zone NOT NULL
    created_by text COLLATE "C" NOT NULL
    updated_at timestamp with time zone NOT NULL
    updated_by text COLLATE "C" NOT NULL
    deleted_at timestamp with time zone
    data text COLLATE "C" NOT NULL
    CONSTRAINT job_content_pkey PRIMARY KEY (tenant_id, id)

CREATE TABLE job_lease
    tenant_id uuid NOT NULL
    id uuid NOT NULL
    version bigint NOT NULL
    created_at timestamp with time zone NOT NULL
    created_by text COLLATE "C" NOT NULL
    updated_at timestamp with time zone NOT NULL
    updated_by text COLLATE "C" NOT NULL
    deleted_at timestamp with time zone
    holder text COLLATE "C" NOT NULL
    until timestamp with time zone NOT NULL
    CONSTRAINT job_lease_pkey PRIMARY KEY (tenant_id, id)

CREATE TABLE lead
    tenant_id uuid NOT NULL
    id uuid NOT NULL
    version bigint NOT NULL
    created_at timestamp with time zone NOT NULL
    created_by text COLLATE "C" NOT NULL
    updated_at timestamp with time zone NOT NULL
    updated_by text COLLATE "C" NOT NULL
    deleted_at timestamp with time zone
    topic text COLLATE "C" NOT NULL
    topic_folded text COLLATE "C" NOT NULL
    contact_id uuid NOT NULL
    company text COLLATE "C"
    company_folded text COLLATE "C"
    account_id uuid
    status text COLLATE "C" NOT NULL
    source text COLLATE "C"
    source_folded text COLLATE "C"
    score bigint NOT NULL
    scored_at timestamp with time zone
    estimated_amount_minor bigint
    estimated_amount_currency text COLLATE "C"
    description text COLLATE "C"
    assigned_at timestamp with time zone
    status_since timestamp with time zone NOT NULL
    disqualified_reason text COLLATE "C"
    opportunity_id uuid
    converted_at timestamp with time zone
    made_account boolean NOT NULL
    owner_id uuid
    tags text[] COLLATE "C" NOT NULL
    custom jsonb
    CONSTRAINT lead_pkey PRIMARY KEY (tenant_id, id)
    CONSTRAINT lead_tenant_id_account_id_fkey FOREIGN KEY (tenant_id, account_id) REFERENCES account(tenant_id, id)
    CONSTRAINT lead_tenant_id_contact_id_fkey FOREIGN KEY (tenant_id, contact_id) REFERENCES contact(tenant_id, id)
    CONSTRAINT lead_tenant_id_opportunity_id_fkey FOREIGN KEY (tenant_id, opportunity_id) REFERENCES opportunity(tenant_id, id)
    CONSTRAINT lead_tenant_id_owner_id_fkey FOREIGN KEY (tenant_id, owner_id) REFERENCES app_user(tenant_id, id)
    CONSTRAINT lead_check CHECK (((estimated_amount_minor IS NULL) = (estimated_amount_currency IS NULL)))
    CREATE INDEX lead_account_id_index ON public.lead USING btree (tenant_id, account_id, id) WHERE (account_id IS NOT NULL)
    CREATE INDEX lead_contact_id_created_at_index ON public.lead USING btree (tenant_id, contact_id, created_at, id)
    CREATE INDEX lead_contact_id_index ON public.lead USING btree (tenant_id, contact_id, id)
    CREATE INDEX lead_opportunity_id_index ON public.lead USING btree (tenant_id, opportunity_id, id) WHERE (opportunity_id IS NOT NULL)
    CREATE INDEX lead_owner_id_index ON public.lead USING btree (tenant_id, owner_id, id) WHERE (owner_id IS NOT NULL)
    CREATE INDEX lead_owner_id_status_assigned_at_index ON public.lead USING btree (tenant_id, owner_id, status, assigned_at)

CREATE TABLE lead_assignment_rule
    tenant_id uuid NOT NULL
    id uuid NOT NULL
    version bigint NOT NULL
    created_at timestamp with time zone NOT NULL
    created_by text COLLATE "C" NOT NULL
    updated_at timestamp with time zone NOT NULL
    updated_by text COLLATE "C" NOT NULL
    deleted_at timestamp with time zone
    name text COLLATE "C" NOT NULL
    name_folded text COLLATE "C" NOT NULL
    position bigint NOT NULL
    condition text COLLATE "C"
    assignee_resource text COLLATE "C" NOT NULL
    assignee_id uuid NOT NULL
    capacity bigint
    active boolean NOT NULL
    CONSTRAINT lead_assignment_rule_pkey PRIMARY KEY (tenant_id, id)
    CREATE INDEX lead_assignment_rule_assignee_id_index ON public.lead_assignment_rule USING btree (tenant_id, assignee_id, id)

CREATE TABLE lost_reason
    tenant_id uuid NOT NULL
    id uuid NOT NULL
    version bigint NOT NULL
    created_at timestamp with time zone NOT NULL
    created_by text COLLATE "C" NOT NULL
    updated_at timestamp with time zone NOT NULL
    updated_by text COLLATE "C" NOT NULL
    deleted_at timestamp with time zone
    name text COLLATE "C" NOT NULL
    name_folded text COLLATE "C" NOT NULL
    description text COLLATE "C"
    active boolean NOT NULL
    CONSTRAINT lost_reason_pkey PRIMARY KEY (tenant_id, id)
    CREATE UNIQUE INDEX lost_reason_name_key ON public.lost_reason USING btree (tenant_id, name_folded) WHERE (deleted_at IS NULL)

CREATE TABLE meeting
    tenant_id uuid NOT NULL
    id uuid NOT NULL
    version bigint NOT NULL
    created_at timestamp with time zone NOT NULL
    created_by text COLLATE "C" NOT NULL
    updated_at timestamp with time zone NOT NULL
    updated_by text COLLATE "C" NOT NULL
    deleted_at timestamp with time zone
    title text COLLATE "C" NOT NULL
    title_folded text COLLATE "C" NOT NULL
    description text COLLATE "C"
    starts_at timestamp with time zone NOT NULL
    ends_at timestamp with time zone NOT NULL
    time_zone text COLLATE "C" NOT NULL
    location text COLLATE "C"
    location_folded text COLLATE "C"
    status text COLLATE "C" NOT NULL
    record_resource text COLLATE "C"
    record_id uuid
    uid text COLLATE "C" NOT NULL
    sequence bigint NOT NULL
    owner_id uuid
    tags text[] COLLATE "C" NOT NULL
    custom jsonb
    CONSTRAINT meeting_pkey PRIMARY KEY (tenant_id, id)
    CONSTRAINT meeting_tenant_id_owner_id_fkey FOREIGN KEY (tenant_id, owner_id) REFERENCES app_user(tenant_id, id)
    CONSTRAINT meeting_check CHECK (((record_resource IS NULL) = (record_id IS NULL)))
    CONSTRAINT meeting_check1 CHECK ((ends_at >= starts_at))
    CREATE INDEX meeting_owner_id_index ON public.meeting USING btree (tenant_id, owner_id, id) WHERE (owner_id IS NOT NULL)
    CREATE INDEX meeting_record_id_index ON public.meeting USING btree (tenant_id, record_id, id)
    CREATE INDEX meeting_record_id_starts_at_index ON public.meeting USING btree (tenant_id, record_id, starts_at, id) WHERE (record_id IS NOT NULL)
    CREATE INDEX meeting_starts_at_index ON public.meeting USING btree (tenant_id, starts_at, id)
    CREATE UNIQUE INDEX meeting_uid_key ON public.meeting USING btree (tenant_id, uid) WHERE (deleted_at IS NULL)

CREATE TABLE meeting_attendee
    tenant_id uuid NOT NULL
    id uuid NOT NULL
    version bigint NOT NULL
    created_at timestamp with time zone NOT NULL
    created_by text COLLATE "C" NOT NULL
    updated_at timestamp with time zone NOT NULL
    updated_by text COLLATE "C" NOT NULL
    deleted_at timestamp with time zone
    meeting_id uuid NOT NULL
    email text COLLATE "C" NOT NULL
    email_folded text COLLATE "C" NOT NULL
    name text COLLATE "C"
    name_folded text COLLATE "C"
    party_id uuid
    user_id uuid
    role text COLLATE "C" NOT NULL
    answer text COLLATE "C" NOT NULL
    answered_at timestamp with time zone
    starts_at timestamp with time zone NOT NULL
    title text COLLATE "C" NOT NULL
    status text COLLATE "C" NOT NULL
    CONSTRAINT meeting_attendee_pkey PRIMARY KEY (tenant_id, id)
    CONSTRAINT meeting_attendee_tenant_id_meeting_id_fkey FOREIGN KEY (tenant_id, meeting_id) REFERENCES meeting(tenant_id, id)
    CONSTRAINT meeting_attendee_tenant_id_party_id_fkey FOREIGN KEY (tenant_id, party_id) REFERENCES party(tenant_id, id)
    CONSTRAINT meeting_attendee_tenant_id_user_id_fkey FOREIGN KEY (tenant_id, user_id) REFERENCES app_user(tenant_id, id)
    CREATE UNIQUE INDEX meeting_attendee_meeting_email_key ON public.meeting_attendee USING btree (tenant_id, meeting_id, email_folded) WHERE (deleted_at IS NULL)
    CREATE INDEX meeting_attendee_meeting_id_index ON public.meeting_attendee USING btree (tenant_id, meeting_id, id)
    CREATE INDEX meeting_attendee_party_id_index ON public.meeting_attendee USING btree (tenant_id, party_id, id) WHERE (party_id IS NOT NULL)
    CREATE INDEX meeting_attendee_party_id_starts_at_index ON public.meeting_attendee USING btree (tenant_id, party_id, starts_at, id) WHERE (party_id IS NOT NULL)
    CREATE INDEX meeting_attendee_user_id_index ON public.meeting_attendee USING btree (tenant_id, user_id, id) WHERE (user_id IS NOT NULL)

CREATE TABLE mention
    tenant_id uuid NOT NULL
    id uuid NOT NULL
    version bigint NOT NULL
    created_at timestamp with time zone NOT NULL
    created_by text COLLATE "C" NOT NULL
    updated_at timestamp with time zone NOT NULL
    updated_by text COLLATE "C" NOT NULL
    deleted_at timestamp with time zone
    user_id uuid NOT NULL
    record_resource text COLLATE "C" NOT NULL
    record_id uuid NOT NULL
    excerpt text COLLATE "C"
    CONSTRAINT mention_pkey PRIMARY KEY (tenant_id, id)
    CONSTRAINT mention_tenant_id_user_id_fkey FOREIGN KEY (tenant_id, user_id) REFERENCES app_user(tenant_id, id)
    CREATE INDEX mention_record_id_index ON public.mention USING btree (tenant_id, record_id, id)
    CREATE INDEX mention_user_id_index ON public.mention USING btree (tenant_id, user_id, id)

CREATE TABLE note
    tenant_id uuid NOT NULL
    id uuid NOT NULL
    version bigint NOT NULL
    created_at timestamp with time zone NOT NULL
    created_by text COLLATE "C" NOT NULL
    updated_at timestamp with time zone NOT NULL
    updated_by text COLLATE "C" NOT NULL
    deleted_at timestamp with time zone
    record_resource text COLLATE "C" NOT NULL
    record_id uuid NOT NULL
    title text COLLATE "C"
    title_folded text COLLATE "C"
    body text COLLATE "C" NOT NULL
    pinned boolean NOT NULL
    owner_id uuid
    custom jsonb
    CONSTRAINT note_pkey PRIMARY KEY (tenant_id, id)
    CONSTRAINT note_tenant_id_owner_id_fkey FOREIGN KEY (tenant_id, owner_id) REFERENCES app_user(tenant_id, id)
    CREATE INDEX note_owner_id_index ON public.note USING btree (tenant_id, owner_id, id) WHERE (owner_id IS NOT NULL)
    CREATE INDEX note_record_id_created_at_index ON public.note USING btree (tenant_id, record_id, created_at, id)
    CREATE INDEX note_record_id_index ON public.note USING btree (tenant_id, record_id, id)

CREATE TABLE notification
    tenant_id uuid NOT NULL
    id uuid NOT NULL
    version bigint NOT NULL
    created_at timestamp with time zone NOT NULL
    created_by text COLLATE "C" NOT NULL
    updated_at timestamp with time zone NOT NULL
    updated_by text COLLATE "C" NOT NULL
    deleted_at timestamp with time zone
    user_id uuid NOT NULL
    kind text COLLATE "C" NOT NULL
    record_resource text COLLATE "C"
    record_id uuid
    text text COLLATE "C"
    read_at timestamp with time zone
    CONSTRAINT notification_pkey PRIMARY KEY (tenant_id, id)
    CONSTRAINT notification_tenant_id_user_id_fkey FOREIGN KEY (tenant_id, user_id) REFERENCES app_user(tenant_id, id)
    CONSTRAINT notification_check CHECK (((record_resource IS NULL) = (record_id IS NULL)))
    CREATE INDEX notification_record_id_index ON public.notification USING btree (tenant_id, record_id, id)
    CREATE INDEX notification_user_id_index ON public.notification USING btree (tenant_id, user_id, id)

CREATE TABLE oauth_client
    tenant_id uuid NOT NULL
    id uuid NOT NULL
    version bigint NOT NULL
    created_at timestamp with time zone NOT NULL
    created_by text COLLATE "C" NOT NULL
    updated_at timestamp with time zone NOT NULL
    updated_by text COLLATE "C" NOT NULL
    deleted_at timestamp with time zone
    name text COLLATE "C" NOT NULL
    name_folded text COLLATE "C" NOT NULL
    kind text COLLATE "C" NOT NULL
    redirect_uris text COLLATE "C"
    scopes text COLLATE "C" NOT NULL
    authorization_code boolean NOT NULL
    refresh_tokens boolean NOT NULL
    device_code boolean NOT NULL
    client_credentials boolean NOT NULL
    token_exchange boolean NOT NULL
    run_as_id uuid
    active boolean NOT NULL
    client_id text COLLATE "C" NOT NULL
    hint text COLLATE "C"
    secret_hash text COLLATE "C"
    resource_scopes text COLLATE "C"
    sensitive boolean NOT NULL
    CONSTRAINT oauth_client_pkey PRIMARY KEY (tenant_id, id)
    CONSTRAINT oauth_client_tenant_id_run_as_id_fkey FOREIGN KEY (tenant_id, run_as_id) REFERENCES app_user(tenant_id, id)
    CREATE INDEX oauth_client_run_as_id_index ON public.oauth_client USING btree (tenant_id, run_as_id, id) WHERE (run_as_id IS NOT NULL)

CREATE TABLE opportunity
    tenant_id uuid NOT NULL
    id uuid NOT NULL
    version bigint NOT NULL
    created_at timestamp with time zone NOT NULL
    created_by text COLLATE "C" NOT NULL
    updated_at timestamp with time zone NOT NULL
    updated_by text COLLATE "C" NOT NULL
    deleted_at timestamp with time zone
    name text COLLATE "C" NOT NULL
    name_folded text COLLATE "C" NOT NULL
    account_id uuid NOT NULL
    contact_id uuid
    pipeline_id uuid NOT NULL
    stage_id uuid NOT NULL
    status text COLLATE "C" NOT NULL
    kind text COLLATE "C" NOT NULL
    currency text COLLATE "C" NOT NULL
    amount_minor bigint
    amount_currency text COLLATE "C"
    amount_source text COLLATE "C" NOT NULL
    line_item_count bigint NOT NULL
    line_total_minor bigint
    line_total_currency text COLLATE "C"
    expected_amount_minor bigint
    expected_amount_currency text COLLATE "C"
    base_amount_minor bigint
    base_amount_currency text COLLATE "C"
    base_expected_amount_minor bigint
    base_expected_amount_currency text COLLATE "C"
    probability bigint NOT NULL
    forecast_category text COLLATE "C" NOT NULL
    close_date date NOT NULL
    close_date_slips bigint NOT NULL
    source text COLLATE "C"
    source_folded text COLLATE "C"
    next_step text COLLATE "C"
    description text COLLATE "C"
    checked_items text[] COLLATE "C" NOT NULL
    stage_since timestamp with time zone NOT NULL
    stale_at timestamp with time zone
    closed_at timestamp with time zone
    lost_reason_id uuid
    lost_to_id uuid
    outcome_note text COLLATE "C"
    owner_id uuid
    tags text[] COLLATE "C" NOT NULL
    custom jsonb
    CONSTRAINT opportunity_pkey PRIMARY KEY (tenant_id, id)
    CONSTRAINT opportunity_tenant_id_account_id_fkey FOREIGN KEY (tenant_id, account_id) REFERENCES account(tenant_id, id)
    CONSTRAINT opportunity_tenant_id_contact_id_fkey FOREIGN KEY (tenant_id, contact_id) REFERENCES contact(tenant_id, id)
    CONSTRAINT opportunity_tenant_id_lost_reason_id_fkey FOREIGN KEY (tenant_id, lost_reason_id) REFERENCES lost_reason(tenant_id, id)
    CONSTRAINT opportunity_tenant_id_lost_to_id_fkey FOREIGN KEY (tenant_id, lost_to_id) REFERENCES competitor(tenant_id, id)
    CONSTRAINT opportunity_tenant_id_owner_id_fkey FOREIGN KEY (tenant_id, owner_id) REFERENCES app_user(tenant_id, id)
    CONSTRAINT opportunity_tenant_id_pipeline_id_fkey FOREIGN KEY (tenant_id, pipeline_id) REFERENCES pipeline(tenant_id, id)
    CONSTRAINT opportunity_tenant_id_stage_id_fkey FOREIGN KEY (tenant_id, stage_id) REFERENCES stage(tenant_id, id)
    CONSTRAINT opportunity_check CHECK (((amount_minor IS NULL) = (amount_currency IS NULL)))
    CONSTRAINT opportunity_check1 CHECK (((line_total_minor IS NULL) = (line_total_currency IS NULL)))
    CONSTRAINT opportunity_check2 CHECK (((expected_amount_minor IS NULL) = (expected_amount_currency IS NULL)))
    CONSTRAINT opportunity_check3 CHECK (((base_amount_minor IS NULL) = (base_amount_currency IS NULL)))
    CONSTRAINT opportunity_check4 CHECK (((base_expected_amount_minor IS NULL) = (base_expected_amount_currency IS NULL)))
    CREATE INDEX opportunity_account_id_created_at_index ON public.opportunity USING btree (tenant_id, account_id, created_at, id)
    CREATE INDEX opportunity_account_id_index ON public.opportunity USING btree (tenant_id, account_id, id)
    CREATE INDEX opportunity_close_date_index ON public.opportunity USING btree (tenant_id, close_date, id)
    CREATE INDEX opportunity_contact_id_index ON public.opportunity USING btree (tenant_id, contact_id, id) WHERE (contact_id IS NOT NULL)
    CREATE INDEX opportunity_lost_reason_id_index ON public.opportunity USING btree (tenant_id, lost_reason_id, id) WHERE (lost_reason_id IS NOT NULL)
    CREATE INDEX opportunity_lost_to_id_index ON public.opportunity USING btree (tenant_id, lost_to_id, id) WHERE (lost_to_id IS NOT NULL)
    CREATE INDEX opportunity_owner_id_index ON public.opportunity USING btree (tenant_id, owner_id, id) WHERE (owner_id IS NOT NULL)
    CREATE INDEX opportunity_pipeline_id_index ON public.opportunity USING btree (tenant_id, pipeline_id, id)
    CREATE INDEX opportunity_stage_id_index ON public.opportunity USING btree (tenant_id, stage_id, id)
    CREATE INDEX opportunity_stage_id_stage_since_index ON public.opportunity USING btree (tenant_id, stage_id, stage_since, id)

CREATE TABLE opportunity_competitor
    tenant_id uuid NOT NULL
    id uuid NOT NULL
    version bigint NOT NULL
    created_at timestamp with time zone NOT NULL
    created_by text COLLATE "C" NOT NULL
    updated_at timestamp with time zone NOT NULL
    updated_by text COLLATE "C" NOT NULL
    deleted_at timestamp with time zone
    opportunity_id uuid NOT NULL
    competitor_id uuid NOT NULL
    threat text COLLATE "C" NOT NULL
    notes text COLLATE "C"
    CONSTRAINT opportunity_competitor_pkey PRIMARY KEY (tenant_id, id)
    CONSTRAINT opportunity_competitor_tenant_id_competitor_id_fkey FOREIGN KEY (tenant_id, competitor_id) REFERENCES competitor(tenant_id, id)
    CONSTRAINT opportunity_competitor_tenant_id_opportunity_id_fkey FOREIGN KEY (tenant_id, opportunity_id) REFERENCES opportunity(tenant_id, id)
    CREATE INDEX opportunity_competitor_competitor_id_index ON public.opportunity_competitor USING btree (tenant_id, competitor_id, id)
    CREATE UNIQUE INDEX opportunity_competitor_key ON public.opportunity_competitor USING btree (tenant_id, opportunity_id, competitor_id) WHERE (deleted_at IS NULL)
    CREATE INDEX opportunity_competitor_opportunity_id_index ON public.opportunity_competitor USING btree (tenant_id, opportunity_id, id)

CREATE TABLE opportunity_contact
    tenant_id uuid NOT NULL
    id uuid NOT NULL
    version bigint NOT NULL
    created_at timestamp with time zone NOT NULL
    created_by text COLLATE "C" NOT NULL
    updated_at timestamp with time zone NOT NULL
    updated_by text COLLATE "C" NOT NULL
    deleted_at timestamp with time zone
    opportunity_id uuid NOT NULL
    contact_id uuid NOT NULL
    role text COLLATE "C" NOT NULL
    notes text COLLATE "C"
    CONSTRAINT opportunity_contact_pkey PRIMARY KEY (tenant_id, id)
    CONSTRAINT opportunity_contact_tenant_id_contact_id_fkey FOREIGN KEY (tenant_id, contact_id) REFERENCES contact(tenant_id, id)
    CONSTRAINT opportunity_contact_tenant_id_opportunity_id_fkey FOREIGN KEY (tenant_id, opportunity_id) REFERENCES opportunity(tenant_id, id)
    CREATE INDEX opportunity_contact_contact_id_index ON public.opportunity_contact USING btree (tenant_id, contact_id, id)
    CREATE UNIQUE INDEX opportunity_contact_key ON public.opportunity_contact USING btree (tenant_id, opportunity_id, contact_id, role) WHERE (deleted_at IS NULL)
    CREATE INDEX opportunity_contact_opportunity_id_index ON public.opportunity_contact USING btree (tenant_id, opportunity_id, id)

CREATE TABLE opportunity_line_item
    tenant_id uuid NOT NULL
    id uuid NOT NULL
    version bigint NOT NULL
    created_at timestamp with time zone NOT NULL
    created_by text COLLATE "C" NOT NULL
    updated_at timestamp with time zone NOT NULL
    updated_by text COLLATE "C" NOT NULL
    deleted_at timestamp with time zone
    opportunity_id uuid NOT NULL
    position bigint NOT NULL
    product_id uuid
    description text COLLATE "C" NOT NULL
    description_folded text COLLATE "C" NOT NULL
    quantity bigint NOT NULL
    unit_price_minor bigint NOT NULL
    unit_price_currency text COLLATE "C" NOT NULL
    list_price_minor bigint
    list_price_currency text COLLATE "C"
    discount_percent bigint NOT NULL
    amount_minor bigint NOT NULL
    amount_currency text COLLATE "C" NOT NULL
    partner_id uuid
    partner_credit_percent bigint NOT NULL
    partner_credit_minor bigint
    partner_credit_currency text COLLATE "C"
    CONSTRAINT opportunity_line_item_pkey PRIMARY KEY (tenant_id, id)
    CONSTRAINT opportunity_line_item_tenant_id_opportunity_id_fkey FOREIGN KEY (tenant_id, opportunity_id) REFERENCES opportunity(tenant_id, id)
    CONSTRAINT opportunity_line_item_tenant_id_partner_id_fkey FOREIGN KEY (tenant_id, partner_id) REFERENCES account(tenant_id, id)
    CONSTRAINT opportunity_line_item_tenant_id_product_id_fkey FOREIGN KEY (tenant_id, product_id) REFERENCES product(tenant_id, id)
    CONSTRAINT opportunity_line_item_check CHECK (((list_price_minor IS NULL) = (list_price_currency IS NULL)))
    CONSTRAINT opportunity_line_item_check1 CHECK (((partner_credit_minor IS NULL) = (partner_credit_currency IS NULL)))
    CREATE INDEX opportunity_line_item_opportunity_id_index ON public.opportunity_line_item USING btree (tenant_id, opportunity_id, id)
    CREATE INDEX opportunity_line_item_partner_id_index ON public.opportunity_line_item USING btree (tenant_id, partner_id, id) WHERE (partner_id IS NOT NULL)
    CREATE INDEX opportunity_line_item_product_id_index ON public.opportunity_line_item USING btree (tenant_id, product_id, id) WHERE (product_id IS NOT NULL)

CREATE TABLE opportunity_member
    tenant_id uuid NOT NULL
    id uuid NOT NULL
    version bigint NOT NULL
    created_at timestamp with time zone NOT NULL
    created_by text COLLATE "C" NOT NULL
    updated_at timestamp with time zone NOT NULL
    updated_by text COLLATE "C" NOT NULL
    deleted_at timestamp with time zone
    opportunity_id uuid NOT NULL
    user_id uuid NOT NULL
    role text COLLATE "C"
    role_folded text COLLATE "C"
    CONSTRAINT opportunity_member_pkey PRIMARY KEY (tenant_id, id)
    CONSTRAINT opportunity_member_tenant_id_opportunity_id_fkey FOREIGN KEY (tenant_id, opportunity_id) REFERENCES opportunity(tenant_id, id)
    CONSTRAINT opportunity_member_tenant_id_user_id_fkey FOREIGN KEY (tenant_id, user_id) REFERENCES app_user(tenant_id, id)
    CREATE UNIQUE INDEX opportunity_member_key ON public.opportunity_member USING btree (tenant_id, opportunity_id, user_id) WHERE (deleted_at IS NULL)
    CREATE INDEX opportunity_member_opportunity_id_index ON public.opportunity_member USING btree (tenant_id, opportunity_id, id)
    CREATE INDEX opportunity_member_user_id_index ON public.opportunity_member USING btree (tenant_id, user_id, id)

CREATE TABLE opportunity_split
    tenant_id uuid NOT NULL
    id uuid NOT NULL
    version bigint NOT NULL
    created_at timestamp with time zone NOT NULL
    created_by text COLLATE "C" NOT NULL
    updated_at timestamp with time zone NOT NULL
    updated_by text COLLATE "C" NOT NULL
    deleted_at timestamp with time zone
    opportunity_id uuid NOT NULL
    user_id uuid NOT NULL
    kind text COLLATE "C" NOT NULL
    percent bigint NOT NULL
    amount_minor bigint
    amount_currency text COLLATE "C"
    CONSTRAINT opportunity_split_pkey PRIMARY KEY (tenant_id, id)
    CONSTRAINT opportunity_split_tenant_id_opportunity_id_fkey FOREIGN KEY (tenant_id, opportunity_id) REFERENCES opportunity(tenant_id, id)
    CONSTRAINT opportunity_split_tenant_id_user_id_fkey FOREIGN KEY (tenant_id, user_id) REFERENCES app_user(tenant_id, id)
    CONSTRAINT opportunity_split_check CHECK (((amount_minor IS NULL) = (amount_currency IS NULL)))
    CREATE UNIQUE INDEX opportunity_split_key ON public.opportunity_split USING btree (tenant_id, opportunity_id, kind, user_id) WHERE (deleted_at IS NULL)
    CREATE INDEX opportunity_split_opportunity_id_index ON public.opportunity_split USING btree (tenant_id, opportunity_id, id)
    CREATE INDEX opportunity_split_user_id_index ON public.opportunity_split USING btree (tenant_id, user_id, id)

CREATE TABLE party
    tenant_id uuid NOT NULL
    id uuid NOT NULL
    version bigint NOT NULL
    created_at timestamp with time zone NOT NULL
    created_by text COLLATE "C" NOT NULL
    updated_at timestamp with time zone NOT NULL
    updated_by text COLLATE "C" NOT NULL
    deleted_at timestamp with time zone
    kind text COLLATE "C" NOT NULL
    name text COLLATE "C" NOT NULL
    name_folded text COLLATE "C" NOT NULL
    CONSTRAINT party_pkey PRIMARY KEY (tenant_id, id)

CREATE TABLE pipeline
    tenant_id uuid NOT NULL
    id uuid NOT NULL
    version bigint NOT NULL
    created_at timestamp with time zone NOT NULL
    created_by text COLLATE "C" NOT NULL
    updated_at timestamp with time zone NOT NULL
    updated_by text COLLATE "C" NOT NULL
    deleted_at timestamp with time zone
    name text COLLATE "C" NOT NULL
    name_folded text COLLATE "C" NOT NULL
    description text COLLATE "C"
    active boolean NOT NULL
    is_default boolean NOT NULL
    CONSTRAINT pipeline_pkey PRIMARY KEY (tenant_id, id)

CREATE TABLE price_book
    tenant_id uuid NOT NULL
    id uuid NOT NULL
    version bigint NOT NULL
    created_at timestamp with time zone NOT NULL
    created_by text COLLATE "C" NOT NULL
    updated_at timestamp with time zone NOT NULL
    updated_by text COLLATE "C" NOT NULL
    deleted_at timestamp with time zone
    name text COLLATE "C" NOT NULL
    name_folded text COLLATE "C" NOT NULL
    description text COLLATE "C"
    currency text COLLATE "C" NOT NULL
    valid_from date
    valid_until date
    active boolean NOT NULL
    is_default boolean NOT NULL
    account_id uuid
    segment text COLLATE "C"
    default_key text COLLATE "C"
    CONSTRAINT price_book_pkey PRIMARY KEY (tenant_id, id)
    CONSTRAINT price_book_tenant_id_account_id_fkey FOREIGN KEY (tenant_id, account_id) REFERENCES account(tenant_id, id)
    CREATE INDEX price_book_account_id_index ON public.price_book USING btree (tenant_id, account_id, id) WHERE (account_id IS NOT NULL)
    CREATE UNIQUE INDEX price_book_default_key ON public.price_book USING btree (tenant_id, default_key) WHERE (deleted_at IS NULL)
    CREATE UNIQUE INDEX price_book_name_key ON public.price_book USING btree (tenant_id, name_folded) WHERE (deleted_at IS NULL)
    CREATE INDEX price_book_segment_index ON public.price_book USING btree (tenant_id, segment, id)

CREATE TABLE price_book_entry
    tenant_id uuid NOT NULL
    id uuid NOT NULL
    version bigint NOT NULL
    created_at timestamp with time zone NOT NULL
    created_by text COLLATE "C" NOT NULL
    updated_at timestamp with time zone NOT NULL
    updated_by text COLLATE "C" NOT NULL
    deleted_at timestamp with time zone
    price_book_id uuid NOT NULL
    product_id uuid NOT NULL
    unit_price_minor bigint NOT NULL
    unit_price_currency text COLLATE "C" NOT NULL
    min_quantity bigint NOT NULL
    valid_from date
    valid_until date
    open_key text COLLATE "C"
    CONSTRAINT price_book_entry_pkey PRIMARY KEY (tenant_id, id)
    CONSTRAINT price_book_entry_tenant_id_price_book_id_fkey FOREIGN KEY (tenant_id, price_book_id) REFERENCES price_book(tenant_id, id)
    CONSTRAINT price_book_entry_tenant_id_product_id_fkey FOREIGN KEY (tenant_id, product_id) REFERENCES product(tenant_id, id)
    CREATE UNIQUE INDEX price_book_entry_open_key ON public.price_book_entry USING btree (tenant_id, open_key) WHERE (deleted_at IS NULL)
    CREATE INDEX price_book_entry_price_book_id_index ON public.price_book_entry USING btree (tenant_id, price_book_id, id)
    CREATE INDEX price_book_entry_product_id_index ON public.price_book_entry USING btree (tenant_id, product_id, id)
    CREATE UNIQUE INDEX price_book_entry_tier_key ON public.price_book_entry USING btree (tenant_id, price_book_id, product_id, min_quantity, valid_from) WHERE (deleted_at IS NULL)

CREATE TABLE privacy_request
    tenant_id uuid NOT NULL
    id uuid NOT NULL
    version bigint NOT NULL
    created_at timestamp with time zone NOT NULL
    created_by text COLLATE "C" NOT NULL
    updated_at timestamp with time zone NOT NULL
    updated_by text COLLATE "C" NOT NULL
    deleted_at timestamp with time zone
    kind text COLLATE "C" NOT NULL
    status text COLLATE "C" NOT NULL
    subject text COLLATE "C" NOT NULL
    reference text COLLATE "C"
    own_records bigint NOT NULL
    other_records bigint NOT NULL
    report text COLLATE "C" NOT NULL
    digest text COLLATE "C" NOT NULL
    completed_at timestamp with time zone NOT NULL
    suppressed text[] COLLATE "C" NOT NULL
    CONSTRAINT privacy_request_pkey PRIMARY KEY (tenant_id, id)
    CREATE INDEX privacy_request_suppressed ON public.privacy_request USING gin (suppressed) WITH (gin_pending_list_limit='256')

CREATE TABLE product
    tenant_id uuid NOT NULL
    id uuid NOT NULL
    version bigint NOT NULL
    created_at timestamp with time zone NOT NULL
    created_by text COLLATE "C" NOT NULL
    updated_at timestamp with time zone NOT NULL
    updated_by text COLLATE "C" NOT NULL
    deleted_at timestamp with time zone
    name text COLLATE "C" NOT NULL
    name_folded text COLLATE "C" NOT NULL
    sku text COLLATE "C" NOT NULL
    sku_folded text COLLATE "C" NOT NULL
    description text COLLATE "C"
    category_id uuid
    kind text COLLATE "C" NOT NULL
    unit text COLLATE "C" NOT NULL
    active boolean NOT NULL
    cost_minor bigint
    cost_currency text COLLATE "C"
    tax_class text COLLATE "C" NOT NULL
    family text COLLATE "C"
    family_folded text COLLATE "C"
    tags text[] COLLATE "C" NOT NULL
    custom jsonb
    CONSTRAINT product_pkey PRIMARY KEY (tenant_id, id)
    CONSTRAINT product_tenant_id_category_id_fkey FOREIGN KEY (tenant_id, category_id) REFERENCES product_category(tenant_id, id)
    CONSTRAINT product_check CHECK (((cost_minor IS NULL) = (cost_currency IS NULL)))
    CREATE INDEX product_category_id_index ON public.product USING btree (tenant_id, category_id, id) WHERE (category_id IS NOT NULL)
    CREATE UNIQUE INDEX product_sku_key ON public.product USING btree (tenant_id, sku_folded) WHERE (deleted_at IS NULL)

CREATE TABLE product_category
    tenant_id uuid NOT NULL
    id uuid NOT NULL
    version bigint NOT NULL
    created_at timestamp with time zone NOT NULL
    created_by text COLLATE "C" NOT NULL
    updated_at timestamp with time zone NOT NULL
    updated_by text COLLATE "C" NOT NULL
    deleted_at timestamp with time zone
    name text COLLATE "C" NOT NULL
    name_folded text COLLATE "C" NOT NULL
    description text COLLATE "C"
    parent_id uuid
    custom jsonb
    CONSTRAINT product_category_pkey PRIMARY KEY (tenant_id, id)
    CONSTRAINT product_category_tenant_id_parent_id_fkey FOREIGN KEY (tenant_id, parent_id) REFERENCES product_category(tenant_id, id)
    CREATE INDEX product_category_parent_id_index ON public.product_category USING btree (tenant_id, parent_id, id) WHERE (parent_id IS NOT NULL)

CREATE TABLE product_component
    tenant_id uuid NOT NULL
    id uuid NOT NULL
    version bigint NOT NULL
    created_at timestamp with time zone NOT NULL
    created_by text COLLATE "C" NOT NULL
    updated_at timestamp with time zone NOT NULL
    updated_by text COLLATE "C" NOT NULL
    deleted_at timestamp with time zone
    bundle_id uuid NOT NULL
    product_id uuid NOT NULL
    quantity bigint NOT NULL
    CONSTRAINT product_component_pkey PRIMARY KEY (tenant_id, id)
    CONSTRAINT product_component_tenant_id_bundle_id_fkey FOREIGN KEY (tenant_id, bundle_id) REFERENCES product(tenant_id, id)
    CONSTRAINT product_component_tenant_id_product_id_fkey FOREIGN KEY (tenant_id, product_id) REFERENCES product(tenant_id, id)
    CREATE INDEX product_component_bundle_id_index ON public.product_component USING btree (tenant_id, bundle_id, id)
    CREATE UNIQUE INDEX product_component_bundle_product_key ON public.product_component USING btree (tenant_id, bundle_id, product_id) WHERE (deleted_at IS NULL)
    CREATE INDEX product_component_product_id_index ON public.product_component USING btree (tenant_id, product_id, id)

CREATE TABLE published_key
    tenant_id uuid NOT NULL
    id uuid NOT NULL
    version bigint NOT NULL
    created_at timestamp with time zone NOT NULL
    created_by text COLLATE "C" NOT NULL
    updated_at timestamp with time zone NOT NULL
    updated_by text COLLATE "C" NOT NULL
    deleted_at timestamp with time zone
    public text COLLATE "C" NOT NULL
    until timestamp with time zone
    CONSTRAINT published_key_pkey PRIMARY KEY (tenant_id, id)

CREATE TABLE purpose
    tenant_id uuid NOT NULL
    id uuid NOT NULL
    version bigint NOT NULL
    created_at timestamp with time zone NOT NULL
    created_by text COLLATE "C" NOT NULL
    updated_at timestamp with time zone NOT NULL
    updated_by text COLLATE "C" NOT NULL
    deleted_at timestamp with time zone
    purpose_key text COLLATE "C" NOT NULL
    name text COLLATE "C" NOT NULL
    name_folded text COLLATE "C" NOT NULL
    description text COLLATE "C"
    legal_basis text COLLATE "C" NOT NULL
    double_opt_in boolean NOT NULL
    consent_days bigint
    retention_days bigint
    active boolean NOT NULL
    custom jsonb
    CONSTRAINT purpose_pkey PRIMARY KEY (tenant_id, id)
    CREATE UNIQUE INDEX purpose_key_key ON public.purpose USING btree (tenant_id, purpose_key) WHERE (deleted_at IS NULL)

CREATE TABLE purpose_notice
    tenant_id uuid NOT NULL
    id uuid NOT NULL
    version bigint NOT NULL
    created_at timestamp with time zone NOT NULL
    created_by text COLLATE "C" NOT NULL
    updated_at timestamp with time zone NOT NULL
    updated_by text COLLATE "C" NOT NULL
    deleted_at timestamp with time zone
    purpose_id uuid NOT NULL
    language text COLLATE "C" NOT NULL
    edition bigint NOT NULL
    title text COLLATE "C" NOT NULL
    body text COLLATE "C" NOT NULL
    valid_from timestamp with time zone
    custom jsonb
    CONSTRAINT purpose_notice_pkey PRIMARY KEY (tenant_id, id)
    CONSTRAINT purpose_notice_tenant_id_purpose_id_fkey FOREIGN KEY (tenant_id, purpose_id) REFERENCES purpose(tenant_id, id)
    CREATE INDEX purpose_notice_purpose_id_index ON public.purpose_notice USING btree (tenant_id, purpose_id, id)
    CREATE UNIQUE INDEX purpose_notice_purpose_language_edition_key ON public.purpose_notice USING btree (tenant_id, purpose_id, language, edition) WHERE (deleted_at IS NULL)

CREATE TABLE purpose_token
    tenant_id uuid NOT NULL
    id uuid NOT NULL
    version bigint NOT NULL
    created_at timestamp with time zone NOT NULL
    created_by text COLLATE "C" NOT NULL
    updated_at timestamp with time zone NOT NULL
    updated_by text COLLATE "C" NOT NULL
    deleted_at timestamp with time zone
    name text COLLATE "C" NOT NULL
    name_folded text COLLATE "C" NOT NULL
    record_resource text COLLATE "C" NOT NULL
    record_id uuid NOT NULL
    fields text COLLATE "C"
    operation text COLLATE "C"
    input text COLLATE "C"
    expires_at timestamp with time zone
    revoked_at timestamp with time zone
    hint text COLLATE "C" NOT NULL
    scopes text COLLATE "C" NOT NULL
    secret_hash text COLLATE "C" NOT NULL
    CONSTRAINT purpose_token_pkey PRIMARY KEY (tenant_id, id)
    CREATE INDEX purpose_token_record_id_index ON public.purpose_token USING btree (tenant_id, record_id, id)
    CREATE UNIQUE INDEX purpose_token_secret_hash_key ON public.purpose_token USING btree (tenant_id, secret_hash) WHERE (deleted_at IS NULL)

CREATE TABLE quota
    tenant_id uuid NOT NULL
    id uuid NOT NULL
    version bigint NOT NULL
    created_at timestamp with time zone NOT NULL
    created_by text COLLATE "C" NOT NULL
    updated_at timestamp with time zone NOT NULL
    updated_by text COLLATE "C" NOT NULL
    deleted_at timestamp with time zone
    user_id uuid NOT NULL
    since date NOT NULL
    until date NOT NULL
    amount_minor bigint NOT NULL
    amount_currency text COLLATE "C" NOT NULL
    CONSTRAINT quota_pkey PRIMARY KEY (tenant_id, id)
    CONSTRAINT quota_tenant_id_user_id_fkey FOREIGN KEY (tenant_id, user_id) REFERENCES app_user(tenant_id, id)
    CREATE INDEX quota_user_id_index ON public.quota USING btree (tenant_id, user_id, id)
    CREATE UNIQUE INDEX quota_user_since_key ON public.quota USING btree (tenant_id, user_id, since) WHERE (deleted_at IS NULL)

CREATE TABLE quote
    tenant_id uuid NOT NULL
    id uuid NOT NULL
    version bigint NOT NULL
    created_at timestamp with time zone NOT NULL
    created_by text COLLATE "C" NOT NULL
    updated_at timestamp with time zone NOT NULL
    updated_by text COLLATE "C" NOT NULL
    deleted_at timestamp with time zone
    number text COLLATE "C" NOT NULL
    number_folded text COLLATE "C" NOT NULL
    revision bigint NOT NULL
    name text COLLATE "C"
    name_folded text COLLATE "C"
    account_id uuid NOT NULL
    contact_id uuid
    opportunity_id uuid
    price_book_id uuid
    segment text COLLATE "C"
    currency text COLLATE "C" NOT NULL
    valid_until date NOT NULL
    tax_country text COLLATE "C"
    tax_region text COLLATE "C"
    terms text COLLATE "C"
    status text COLLATE "C" NOT NULL
    subtotal_minor bigint NOT NULL
    subtotal_currency text COLLATE "C" NOT NULL
    discount_minor bigint NOT NULL
    discount_currency text COLLATE "C" NOT NULL
    net_minor bigint NOT NULL
    net_currency text COLLATE "C" NOT NULL
    tax_minor bigint NOT NULL
    tax_currency text COLLATE "C" NOT NULL
    gross_minor bigint NOT NULL
    gross_currency text COLLATE "C" NOT NULL
    line_count bigint NOT NULL
    sent_at timestamp with time zone
    decided_at timestamp with time zone
    decided_by text COLLATE "C"
    decided_by_folded text COLLATE "C"
    rejection_reason text COLLATE "C"
    previous_id uuid
    line_changes bigint NOT NULL
    owner_id uuid
    tags text[] COLLATE "C" NOT NULL
    custom jsonb
    CONSTRAINT quote_pkey PRIMARY KEY (tenant_id, id)
    CONSTRAINT quote_tenant_id_account_id_fkey FOREIGN KEY (tenant_id, account_id) REFERENCES account(tenant_id, id)
    CONSTRAINT quote_tenant_id_contact_id_fkey FOREIGN KEY (tenant_id, contact_id) REFERENCES contact(tenant_id, id)
    CONSTRAINT quote_tenant_id_opportunity_id_fkey FOREIGN KEY (tenant_id, opportunity_id) REFERENCES opportunity(tenant_id, id)
    CONSTRAINT quote_tenant_id_owner_id_fkey FOREIGN KEY (tenant_id, owner_id) REFERENCES app_user(tenant_id, id)
    CONSTRAINT quote_tenant_id_previous_id_fkey FOREIGN KEY (tenant_id, previous_id) REFERENCES quote(tenant_id, id)
    CONSTRAINT quote_tenant_id_price_book_id_fkey FOREIGN KEY (tenant_id, price_book_id) REFERENCES price_book(tenant_id, id)
    CREATE INDEX quote_account_id_index ON public.quote USING btree (tenant_id, account_id, id)
    CREATE INDEX quote_contact_id_index ON public.quote USING btree (tenant_id, contact_id, id) WHERE (contact_id IS NOT NULL)
    CREATE UNIQUE INDEX quote_number_revision_key ON public.quote USING btree (tenant_id, number_folded, revision) WHERE (deleted_at IS NULL)
    CREATE INDEX quote_opportunity_id_index ON public.quote USING btree (tenant_id, opportunity_id, id) WHERE (opportunity_id IS NOT NULL)
    CREATE INDEX quote_owner_id_index ON public.quote USING btree (tenant_id, owner_id, id) WHERE (owner_id IS NOT NULL)
    CREATE INDEX quote_previous_id_index ON public.quote USING btree (tenant_id, previous_id, id) WHERE (previous_id IS NOT NULL)
    CREATE INDEX quote_price_book_id_index ON public.quote USING btree (tenant_id, price_book_id, id) WHERE (price_book_id IS NOT NULL)

CREATE TABLE quote_line
    tenant_id uuid NOT NULL
    id uuid NOT NULL
    version bigint NOT NULL
    created_at timestamp with time zone NOT NULL
    created_by text COLLATE "C" NOT NULL
    updated_at timestamp with time zone NOT NULL
    updated_by text COLLATE "C" NOT NULL
    deleted_at timestamp with time zone
    quote_id uuid NOT NULL
    position bigint NOT NULL
    product_id uuid
    description text COLLATE "C" NOT NULL
    description_folded text COLLATE "C" NOT NULL
    quantity bigint NOT NULL
    unit_price_minor bigint NOT NULL
    unit_price_currency text COLLATE "C" NOT NULL
    list_price_minor bigint
    list_price_currency text COLLATE "C"
    discount_percent bigint NOT NULL
    tax_percent bigint
    subtotal_minor bigint NOT NULL
    subtotal_currency text COLLATE "C" NOT NULL
    discount_minor bigint NOT NULL
    discount_currency text COLLATE "C" NOT NULL
    net_minor bigint NOT NULL
    net_currency text COLLATE "C" NOT NULL
    tax_minor bigint NOT NULL
    tax_currency text COLLATE "C" NOT NULL
    gross_minor bigint NOT NULL
    gross_currency text COLLATE "C" NOT NULL
    CONSTRAINT quote_line_pkey PRIMARY KEY (tenant_id, id)
    CONSTRAINT quote_line_tenant_id_product_id_fkey FOREIGN KEY (tenant_id, product_id) REFERENCES product(tenant_id, id)
    CONSTRAINT quote_line_tenant_id_quote_id_fkey FOREIGN KEY (tenant_id, quote_id) REFERENCES quote(tenant_id, id)
    CONSTRAINT quote_line_check CHECK (((list_price_minor IS NULL) = (list_price_currency IS NULL)))
    CREATE INDEX quote_line_product_id_index ON public.quote_line USING btree (tenant_id, product_id, id) WHERE (product_id IS NOT NULL)
    CREATE INDEX quote_line_quote_id_index ON public.quote_line USING btree (tenant_id, quote_id, id)

CREATE TABLE record_lock
    tenant_id uuid NOT NULL
    id uuid NOT NULL
    version bigint NOT NULL
    created_at timestamp with time zone NOT NULL
    created_by text COLLATE "C" NOT NULL
    updated_at timestamp with time zone NOT NULL
    updated_by text COLLATE "C" NOT NULL
    deleted_at timestamp with time zone
    record_resource text COLLATE "C" NOT NULL
    record_id uuid NOT NULL
    until timestamp with time zone NOT NULL
    reason text COLLATE "C"
    holder_id uuid
    exclusive_key text COLLATE "C"
    CONSTRAINT record_lock_pkey PRIMARY KEY (tenant_id, id)
    CONSTRAINT record_lock_tenant_id_holder_id_fkey FOREIGN KEY (tenant_id, holder_id) REFERENCES app_user(tenant_id, id)
    CREATE UNIQUE INDEX record_lock_exclusive_key ON public.record_lock USING btree (tenant_id, exclusive_key) WHERE (deleted_at IS NULL)
    CREATE INDEX record_lock_holder_id_index ON public.record_lock USING btree (tenant_id, holder_id, id) WHERE (holder_id IS NOT NULL)
    CREATE INDEX record_lock_record_id_index ON public.record_lock USING btree (tenant_id, record_id, id)

CREATE TABLE referral
    tenant_id uuid NOT NULL
    id uuid NOT NULL
    version bigint NOT NULL
    created_at timestamp with time zone NOT NULL
    created_by text COLLATE "C" NOT NULL
    updated_at timestamp with time zone NOT NULL
    updated_by text COLLATE "C" NOT NULL
    deleted_at timestamp with time zone
    advocate_id uuid NOT NULL
    referee_id uuid NOT NULL
    lead_id uuid
    status text COLLATE "C" NOT NULL
    referred_on date
    reward text COLLATE "C"
    tags text[] COLLATE "C" NOT NULL
    CONSTRAINT referral_pkey PRIMARY KEY (tenant_id, id)
    CONSTRAINT referral_tenant_id_advocate_id_fkey FOREIGN KEY (tenant_id, advocate_id) REFERENCES contact(tenant_id, id)
    CONSTRAINT referral_tenant_id_lead_id_fkey FOREIGN KEY (tenant_id, lead_id) REFERENCES lead(tenant_id, id)
    CONSTRAINT referral_tenant_id_referee_id_fkey FOREIGN KEY (tenant_id, referee_id) REFERENCES contact(tenant_id, id)
    CREATE INDEX referral_advocate_id_index ON public.referral USING btree (tenant_id, advocate_id, id)
    CREATE UNIQUE INDEX referral_key ON public.referral USING btree (tenant_id, advocate_id, referee_id) WHERE (deleted_at IS NULL)
    CREATE INDEX referral_lead_id_index ON public.referral USING btree (tenant_id, lead_id, id) WHERE (lead_id IS NOT NULL)
    CREATE INDEX referral_referee_id_index ON public.referral USING btree (tenant_id, referee_id, id)

CREATE TABLE relationship
    tenant_id uuid NOT NULL
    id uuid NOT NULL
    version bigint NOT NULL
    created_at timestamp with time zone NOT NULL
    created_by text COLLATE "C" NOT NULL
    updated_at timestamp with time zone NOT NULL
    updated_by text COLLATE "C" NOT NULL
    deleted_at timestamp with time zone
    type_id uuid NOT NULL
    from_party_id uuid NOT NULL
    to_party_id uuid NOT NULL
    since date
    until date
    note text COLLATE "C"
    only_from text COLLATE "C"
    only_to text COLLATE "C"
    custom jsonb
    CONSTRAINT relationship_pkey PRIMARY KEY (tenant_id, id)
    CONSTRAINT relationship_tenant_id_from_party_id_fkey FOREIGN KEY (tenant_id, from_party_id) REFERENCES party(tenant_id, id)
    CONSTRAINT relationship_tenant_id_to_party_id_fkey FOREIGN KEY (tenant_id, to_party_id) REFERENCES party(tenant_id, id)
    CONSTRAINT relationship_tenant_id_type_id_fkey FOREIGN KEY (tenant_id, type_id) REFERENCES relationship_type(tenant_id, id)
    CONSTRAINT relationship_check CHECK ((until >= since))
    CONSTRAINT relationship_check1 CHECK ((from_party_id <> to_party_id))
    CREATE INDEX relationship_from_party_id_index ON public.relationship USING btree (tenant_id, from_party_id, id)
    CREATE UNIQUE INDEX relationship_only_from_key ON public.relationship USING btree (tenant_id, only_from) WHERE (deleted_at IS NULL)
    CREATE UNIQUE INDEX relationship_only_to_key ON public.relationship USING btree (tenant_id, only_to) WHERE (deleted_at IS NULL)
    CREATE INDEX relationship_to_party_id_index ON public.relationship USING btree (tenant_id, to_party_id, id)
    CREATE UNIQUE INDEX relationship_type_from_to_since_key ON public.relationship USING btree (tenant_id, type_id, from_party_id, to_party_id, since) WHERE (deleted_at IS NULL)
    CREATE INDEX relationship_type_id_index ON public.relationship USING btree (tenant_id, type_id, id)

CREATE TABLE relationship_type
    tenant_id uuid NOT NULL
    id uuid NOT NULL
    version bigint NOT NULL
    created_at timestamp with time zone NOT NULL
    created_by text COLLATE "C" NOT NULL
    updated_at timestamp with time zone NOT NULL
    updated_by text COLLATE "C" NOT NULL
    deleted_at timestamp with time zone
    name text COLLATE "C" NOT NULL
    name_folded text COLLATE "C" NOT NULL
    inverse_name text COLLATE "C" NOT NULL
    inverse_name_folded text COLLATE "C" NOT NULL
    description text COLLATE "C"
    per_from text COLLATE "C" NOT NULL
    per_to text COLLATE "C" NOT NULL
    is_symmetric boolean NOT NULL
    acyclic boolean NOT NULL
    custom jsonb
    CONSTRAINT relationship_type_pkey PRIMARY KEY (tenant_id, id)
    CREATE UNIQUE INDEX relationship_type_name_key ON public.relationship_type USING btree (tenant_id, name_folded) WHERE (deleted_at IS NULL)

CREATE TABLE retyping
    tenant_id uuid NOT NULL
    id uuid NOT NULL
    version bigint NOT NULL
    created_at timestamp with time zone NOT NULL
    created_by text COLLATE "C" NOT NULL
    updated_at timestamp with time zone NOT NULL
    updated_by text COLLATE "C" NOT NULL
    deleted_at timestamp with time zone
    custom_field_id uuid NOT NULL
    job_id uuid NOT NULL
    new_type text COLLATE "C" NOT NULL
    options text[] COLLATE "C" NOT NULL
    minimum bigint
    maximum bigint
    max_length bigint
    default_value text COLLATE "C"
    on_failure text COLLATE "C" NOT NULL
    holding bigint NOT NULL
    converted bigint
    cleared bigint
    CONSTRAINT retyping_pkey PRIMARY KEY (tenant_id, id)
    CONSTRAINT retyping_tenant_id_custom_field_id_fkey FOREIGN KEY (tenant_id, custom_field_id) REFERENCES custom_field(tenant_id, id)
    CONSTRAINT retyping_tenant_id_job_id_fkey FOREIGN KEY (tenant_id, job_id) REFERENCES job(tenant_id, id)
    CREATE INDEX retyping_custom_field_id_index ON public.retyping USING btree (tenant_id, custom_field_id, id)
    CREATE INDEX retyping_job_id_index ON public.retyping USING btree (tenant_id, job_id, id)

CREATE TABLE role
    tenant_id uuid NOT NULL
    id uuid NOT NULL
    version bigint NOT NULL
    created_at timestamp with time zone NOT NULL
    created_by text COLLATE "C" NOT NULL
    updated_at timestamp with time zone NOT NULL
    updated_by text COLLATE "C" NOT NULL
    deleted_at timestamp with time zone
    key text COLLATE "C" NOT NULL
    name text COLLATE "C" NOT NULL
    name_folded text COLLATE "C" NOT NULL
    description text COLLATE "C"
    administrator boolean NOT NULL
    CONSTRAINT role_pkey PRIMARY KEY (tenant_id, id)
    CREATE UNIQUE INDEX role_key_key ON public.role USING btree (tenant_id, key) WHERE (deleted_at IS NULL)

CREATE TABLE role_assignment
    tenant_id uuid NOT NULL
    id uuid NOT NULL
    version bigint NOT NULL
    created_at timestamp with time zone NOT NULL
    created_by text COLLATE "C" NOT NULL
    updated_at timestamp with time zone NOT NULL
    updated_by text COLLATE "C" NOT NULL
    deleted_at timestamp with time zone
    role_id uuid NOT NULL
    user_id uuid NOT NULL
    CONSTRAINT role_assignment_pkey PRIMARY KEY (tenant_id, id)
    CONSTRAINT role_assignment_tenant_id_role_id_fkey FOREIGN KEY (tenant_id, role_id) REFERENCES role(tenant_id, id)
    CONSTRAINT role_assignment_tenant_id_user_id_fkey FOREIGN KEY (tenant_id, user_id) REFERENCES app_user(tenant_id, id)
    CREATE INDEX role_assignment_role_id_index ON public.role_assignment USING btree (tenant_id, role_id, id)
    CREATE UNIQUE INDEX role_assignment_role_user_key ON public.role_assignment USING btree (tenant_id, role_id, user_id) WHERE (deleted_at IS NULL)
    CREATE INDEX role_assignment_user_id_index ON public.role_assignment USING btree (tenant_id, user_id, id)

CREATE TABLE role_right
    tenant_id uuid NOT NULL
    id uuid NOT NULL
    version bigint NOT NULL
    created_at timestamp with time zone NOT NULL
    created_by text COLLATE "C" NOT NULL
    updated_at timestamp with time zone NOT NULL
    updated_by text COLLATE "C" NOT NULL
    deleted_at timestamp with time zone
    role_id uuid NOT NULL
    resource text COLLATE "C" NOT NULL
    action text COLLATE "C" NOT NULL
    depth text COLLATE "C" NOT NULL
    condition text COLLATE "C"
    CONSTRAINT role_right_pkey PRIMARY KEY (tenant_id, id)
    CONSTRAINT role_right_tenant_id_role_id_fkey FOREIGN KEY (tenant_id, role_id) REFERENCES role(tenant_id, id)
    CREATE INDEX role_right_role_id_index ON public.role_right USING btree (tenant_id, role_id, id)
    CREATE UNIQUE INDEX role_right_role_resource_action_key ON public.role_right USING btree (tenant_id, role_id, resource, action) WHERE (deleted_at IS NULL)

CREATE TABLE saved_view
    tenant_id uuid NOT NULL
    id uuid NOT NULL
    version bigint NOT NULL
    created_at timestamp with time zone NOT NULL
    created_by text COLLATE "C" NOT NULL
    updated_at timestamp with time zone NOT NULL
    updated_by text COLLATE "C" NOT NULL
    deleted_at timestamp with time zone
    name text COLLATE "C" NOT NULL
    name_folded text COLLATE "C" NOT NULL
    description text COLLATE "C"
    resource text COLLATE "C" NOT NULL
    filter text COLLATE "C"
    sort text COLLATE "C"
    fields text COLLATE "C"
    owner_id uuid
    CONSTRAINT saved_view_pkey PRIMARY KEY (tenant_id, id)
    CONSTRAINT saved_view_tenant_id_owner_id_fkey FOREIGN KEY (tenant_id, owner_id) REFERENCES app_user(tenant_id, id)
    CREATE INDEX saved_view_owner_id_index ON public.saved_view USING btree (tenant_id, owner_id, id) WHERE (owner_id IS NOT NULL)

CREATE TABLE saved_view_share
    tenant_id uuid NOT NULL
    id uuid NOT NULL
    version bigint NOT NULL
    created_at timestamp with time zone NOT NULL
    created_by text COLLATE "C" NOT NULL
    updated_at timestamp with time zone NOT NULL
    updated_by text COLLATE "C" NOT NULL
    deleted_at timestamp with time zone
    saved_view_id uuid NOT NULL
    recipient_resource text COLLATE "C"
    recipient_id uuid
    level text COLLATE "C" NOT NULL
    until timestamp with time zone
    CONSTRAINT saved_view_share_pkey PRIMARY KEY (tenant_id, id)
    CONSTRAINT saved_view_share_tenant_id_saved_view_id_fkey FOREIGN KEY (tenant_id, saved_view_id) REFERENCES saved_view(tenant_id, id)
    CONSTRAINT saved_view_share_check CHECK (((recipient_resource IS NULL) = (recipient_id IS NULL)))
    CREATE INDEX saved_view_share_recipient_id_index ON public.saved_view_share USING btree (tenant_id, recipient_id, id)
    CREATE INDEX saved_view_share_saved_view_id_index ON public.saved_view_share USING btree (tenant_id, saved_view_id, id)

CREATE TABLE schedule
    tenant_id uuid NOT NULL
    id uuid NOT NULL
    version bigint NOT NULL
    created_at timestamp with time zone NOT NULL
    created_by text COLLATE "C" NOT NULL
    updated_at timestamp with time zone NOT NULL
    updated_by text COLLATE "C" NOT NULL
    deleted_at timestamp with time zone
    name text COLLATE "C" NOT NULL
    name_folded text COLLATE "C" NOT NULL
    cron text COLLATE "C" NOT NULL
    time_zone text COLLATE "C" NOT NULL
    state text COLLATE "C" NOT NULL
    resource text COLLATE "C" NOT NULL
    fields text COLLATE "C"
    filter text COLLATE "C"
    with_deleted boolean NOT NULL
    format text COLLATE "C" NOT NULL
    guarded boolean NOT NULL
    next_run_at timestamp with time zone
    last_run_at timestamp with time zone
    last_export_id uuid
    failure_code text COLLATE "C"
    failure text COLLATE "C"
    maker_scopes text COLLATE "C"
    CONSTRAINT schedule_pkey PRIMARY KEY (tenant_id, id)
    CONSTRAINT schedule_tenant_id_last_export_id_fkey FOREIGN KEY (tenant_id, last_export_id) REFERENCES export_job(tenant_id, id)
    CREATE INDEX schedule_due_index ON public.schedule USING btree (state, next_run_at)
    CREATE INDEX schedule_last_export_id_index ON public.schedule USING btree (tenant_id, last_export_id, id) WHERE (last_export_id IS NOT NULL)

CREATE TABLE score_rule
    tenant_id uuid NOT NULL
    id uuid NOT NULL
    version bigint NOT NULL
    created_at timestamp with time zone NOT NULL
    created_by text COLLATE "C" NOT NULL
    updated_at timestamp with time zone NOT NULL
    updated_by text COLLATE "C" NOT NULL
    deleted_at timestamp with time zone
    name text COLLATE "C" NOT NULL
    name_folded text COLLATE "C" NOT NULL
    condition text COLLATE "C" NOT NULL
    points bigint NOT NULL
    active boolean NOT NULL
    CONSTRAINT score_rule_pkey PRIMARY KEY (tenant_id, id)

CREATE TABLE search_document
    tenant_id uuid NOT NULL
    resource text COLLATE "C" NOT NULL
    record_id uuid NOT NULL
    words tsvector NOT NULL
    CONSTRAINT search_document_pkey PRIMARY KEY (tenant_id, resource, record_id)
    CREATE INDEX search_document_words ON public.search_document USING gin (words) WITH (fastupdate='on', gin_pending_list_limit='256')

CREATE TABLE second_factor
    tenant_id uuid NOT NULL
    id uuid NOT NULL
    version bigint NOT NULL
    created_at timestamp with time zone NOT NULL
    created_by text COLLATE "C" NOT NULL
    updated_at timestamp with time zone NOT NULL
    updated_by text COLLATE "C" NOT NULL
    deleted_at timestamp with time zone
    user_id uuid NOT NULL
    confirmed_at timestamp with time zone
    last_used_at timestamp with time zone
    recovery_codes_left bigint NOT NULL
    totp_secret text COLLATE "C"
    pending_secret text COLLATE "C"
    last_step text COLLATE "C"
    recovery_digests text COLLATE "C"
    CONSTRAINT second_factor_pkey PRIMARY KEY (tenant_id, id)
    CONSTRAINT second_factor_tenant_id_user_id_fkey FOREIGN KEY (tenant_id, user_id) REFERENCES app_user(tenant_id, id)
    CREATE INDEX second_factor_user_id_index ON public.second_factor USING btree (tenant_id, user_id, id)
    CREATE UNIQUE INDEX second_factor_user_key ON public.second_factor USING btree (tenant_id, user_id) WHERE (deleted_at IS NULL)

CREATE TABLE share
    tenant_id uuid NOT NULL
    id uuid NOT NULL
    version bigint NOT NULL
    created_at timestamp with time zone NOT NULL
    created_by text COLLATE "C" NOT NULL
    updated_at timestamp with time zone NOT NULL
    updated_by text COLLATE "C" NOT NULL
    deleted_at timestamp with time zone
    record_resource text COLLATE "C" NOT NULL
    record_id uuid NOT NULL
    recipient_resource text COLLATE "C" NOT NULL
    recipient_id uuid NOT NULL
    level text COLLATE "C" NOT NULL
    until timestamp with time zone
    cause text COLLATE "C"
    CONSTRAINT share_pkey PRIMARY KEY (tenant_id, id)
    CREATE INDEX share_recipient_id_index ON public.share USING btree (tenant_id, recipient_id, id)
    CREATE INDEX share_record_id_index ON public.share USING btree (tenant_id, record_id, id)

CREATE TABLE sharing_rule
    tenant_id uuid NOT NULL
    id uuid NOT NULL
    version bigint NOT NULL
    created_at timestamp with time zone NOT NULL
    created_by text COLLATE "C" NOT NULL
    updated_at timestamp with time zone NOT NULL
    updated_by text COLLATE "C" NOT NULL
    deleted_at timestamp with time zone
    name text COLLATE "C" NOT NULL
    name_folded text COLLATE "C" NOT NULL
    resource text COLLATE "C" NOT NULL
    condition text COLLATE "C" NOT NULL
    recipient_resource text COLLATE "C" NOT NULL
    recipient_id uuid NOT NULL
    level text COLLATE "C" NOT NULL
    until timestamp with time zone
    cause text COLLATE "C"
    CONSTRAINT sharing_rule_pkey PRIMARY KEY (tenant_id, id)
    CREATE INDEX sharing_rule_recipient_id_index ON public.sharing_rule USING btree (tenant_id, recipient_id, id)

CREATE TABLE sign_in_grant
    tenant_id uuid NOT NULL
    id uuid NOT NULL
    version bigint NOT NULL
    created_at timestamp with time zone NOT NULL
    created_by text COLLATE "C" NOT NULL
    updated_at timestamp with time zone NOT NULL
    updated_by text COLLATE "C" NOT NULL
    deleted_at timestamp with time zone
    kind text COLLATE "C" NOT NULL
    data text COLLATE "C" NOT NULL
    lookup text COLLATE "C"
    used_at timestamp with time zone
    expires_at timestamp with time zone NOT NULL
    CONSTRAINT sign_in_grant_pkey PRIMARY KEY (tenant_id, id)
    CREATE INDEX sign_in_grant_expires ON public.sign_in_grant USING btree (expires_at)
    CREATE INDEX sign_in_grant_lookup ON public.sign_in_grant USING btree (lookup) WHERE (lookup IS NOT NULL)

CREATE TABLE sign_in_session
    tenant_id uuid NOT NULL
    id uuid NOT NULL
    version bigint NOT NULL
    created_at timestamp with time zone NOT NULL
    created_by text COLLATE "C" NOT NULL
    updated_at timestamp with time zone NOT NULL
    updated_by text COLLATE "C" NOT NULL
    deleted_at timestamp with time zone
    user_id uuid NOT NULL
    oauth_client_id uuid NOT NULL
    address text COLLATE "C"
    user_agent text COLLATE "C"
    last_used_at timestamp with time zone NOT NULL
    expires_at timestamp with time zone NOT NULL
    revoked_at timestamp with time zone
    CONSTRAINT sign_in_session_pkey PRIMARY KEY (tenant_id, id)
    CONSTRAINT sign_in_session_tenant_id_oauth_client_id_fkey FOREIGN KEY (tenant_id, oauth_client_id) REFERENCES oauth_client(tenant_id, id)
    CONSTRAINT sign_in_session_tenant_id_user_id_fkey FOREIGN KEY (tenant_id, user_id) REFERENCES app_user(tenant_id, id)
    CREATE INDEX sign_in_session_oauth_client_id_index ON public.sign_in_session USING btree (tenant_id, oauth_client_id, id)
    CREATE INDEX sign_in_session_revoked ON public.sign_in_session USING btree (revoked_at) WHERE (revoked_at IS NOT NULL)
    CREATE INDEX sign_in_session_user_id_index ON public.sign_in_session USING btree (tenant_id, user_id, id)

CREATE TABLE stage
    tenant_id uuid NOT NULL
    id uuid NOT NULL
    version bigint NOT NULL
    created_at timestamp with time zone NOT NULL
    created_by text COLLATE "C" NOT NULL
    updated_at timestamp with time zone NOT NULL
    updated_by text COLLATE "C" NOT NULL
    deleted_at timestamp with time zone
    pipeline_id uuid NOT NULL
    name text COLLATE "C" NOT NULL
    name_folded text COLLATE "C" NOT NULL
    position bigint NOT NULL
    kind text COLLATE "C" NOT NULL
    probability bigint NOT NULL
    forecast_category text COLLATE "C" NOT NULL
    is_required boolean NOT NULL
    required_fields text[] COLLATE "C" NOT NULL
    entry_condition text COLLATE "C"
    checklist text[] COLLATE "C" NOT NULL
    stale_after_days bigint
    guidance text COLLATE "C"
    CONSTRAINT stage_pkey PRIMARY KEY (tenant_id, id)
    CONSTRAINT stage_tenant_id_pipeline_id_fkey FOREIGN KEY (tenant_id, pipeline_id) REFERENCES pipeline(tenant_id, id)
    CREATE INDEX stage_pipeline_id_index ON public.stage USING btree (tenant_id, pipeline_id, id)

CREATE TABLE stage_approval
    tenant_id uuid NOT NULL
    id uuid NOT NULL
    version bigint NOT NULL
    created_at timestamp with time zone NOT NULL
    created_by text COLLATE "C" NOT NULL
    updated_at timestamp with time zone NOT NULL
    updated_by text COLLATE "C" NOT NULL
    deleted_at timestamp with time zone
    opportunity_id uuid NOT NULL
    stage_id uuid NOT NULL
    status text COLLATE "C" NOT NULL
    amount_minor bigint
    amount_currency text COLLATE "C"
    request_note text COLLATE "C"
    requested_by_id uuid
    decided_by_id uuid
    decided_at timestamp with time zone
    decision_note text COLLATE "C"
    CONSTRAINT stage_approval_pkey PRIMARY KEY (tenant_id, id)
    CONSTRAINT stage_approval_tenant_id_decided_by_id_fkey FOREIGN KEY (tenant_id, decided_by_id) REFERENCES app_user(tenant_id, id)
    CONSTRAINT stage_approval_tenant_id_opportunity_id_fkey FOREIGN KEY (tenant_id, opportunity_id) REFERENCES opportunity(tenant_id, id)
    CONSTRAINT stage_approval_tenant_id_requested_by_id_fkey FOREIGN KEY (tenant_id, requested_by_id) REFERENCES app_user(tenant_id, id)
    CONSTRAINT stage_approval_tenant_id_stage_id_fkey FOREIGN KEY (tenant_id, stage_id) REFERENCES stage(tenant_id, id)
    CONSTRAINT stage_approval_check CHECK (((amount_minor IS NULL) = (amount_currency IS NULL)))
    CREATE INDEX stage_approval_decided_by_id_index ON public.stage_approval USING btree (tenant_id, decided_by_id, id) WHERE (decided_by_id IS NOT NULL)
    CREATE INDEX stage_approval_opportunity_id_index ON public.stage_approval USING btree (tenant_id, opportunity_id, id)
    CREATE INDEX stage_approval_requested_by_id_index ON public.stage_approval USING btree (tenant_id, requested_by_id, id) WHERE (requested_by_id IS NOT NULL)
    CREATE INDEX stage_approval_stage_id_index ON public.stage_approval USING btree (tenant_id, stage_id, id)

CREATE TABLE stage_approver
    tenant_id uuid NOT NULL
    id uuid NOT NULL
    version bigint NOT NULL
    created_at timestamp with time zone NOT NULL
    created_by text COLLATE "C" NOT NULL
    updated_at timestamp with time zone NOT NULL
    updated_by text COLLATE "C" NOT NULL
    deleted_at timestamp with time zone
    stage_id uuid NOT NULL
    approver_resource text COLLATE "C" NOT NULL
    approver_id uuid NOT NULL
    from_amount_minor bigint
    from_amount_currency text COLLATE "C"
    CONSTRAINT stage_approver_pkey PRIMARY KEY (tenant_id, id)
    CONSTRAINT stage_approver_tenant_id_stage_id_fkey FOREIGN KEY (tenant_id, stage_id) REFERENCES stage(tenant_id, id)
    CONSTRAINT stage_approver_check CHECK (((from_amount_minor IS NULL) = (from_amount_currency IS NULL)))
    CREATE INDEX stage_approver_approver_id_index ON public.stage_approver USING btree (tenant_id, approver_id, id)
    CREATE INDEX stage_approver_stage_id_index ON public.stage_approver USING btree (tenant_id, stage_id, id)

CREATE TABLE stage_change
    tenant_id uuid NOT NULL
    id uuid NOT NULL
    version bigint NOT NULL
    created_at timestamp with time zone NOT NULL
    created_by text COLLATE "C" NOT NULL
    updated_at timestamp with time zone NOT NULL
    updated_by text COLLATE "C" NOT NULL
    deleted_at timestamp with time zone
    opportunity_id uuid NOT NULL
    kind text COLLATE "C" NOT NULL
    from_stage_id uuid
    to_stage_id uuid NOT NULL
    entered_at timestamp with time zone NOT NULL
    time_in_stage bigint
    amount_minor bigint
    amount_currency text COLLATE "C"
    probability bigint NOT NULL
    CONSTRAINT stage_change_pkey PRIMARY KEY (tenant_id, id)
    CONSTRAINT stage_change_tenant_id_from_stage_id_fkey FOREIGN KEY (tenant_id, from_stage_id) REFERENCES stage(tenant_id, id)
    CONSTRAINT stage_change_tenant_id_opportunity_id_fkey FOREIGN KEY (tenant_id, opportunity_id) REFERENCES opportunity(tenant_id, id)
    CONSTRAINT stage_change_tenant_id_to_stage_id_fkey FOREIGN KEY (tenant_id, to_stage_id) REFERENCES stage(tenant_id, id)
    CONSTRAINT stage_change_check CHECK (((amount_minor IS NULL) = (amount_currency IS NULL)))
    CREATE INDEX stage_change_from_stage_id_index ON public.stage_change USING btree (tenant_id, from_stage_id, id) WHERE (from_stage_id IS NOT NULL)
    CREATE INDEX stage_change_opportunity_id_index ON public.stage_change USING btree (tenant_id, opportunity_id, id)
    CREATE INDEX stage_change_to_stage_id_index ON public.stage_change USING btree (tenant_id, to_stage_id, id)

CREATE TABLE sync_scope
    tenant_id uuid NOT NULL
    id uuid NOT NULL
    version bigint NOT NULL
    created_at timestamp with time zone NOT NULL
    created_by text COLLATE "C" NOT NULL
    updated_at timestamp with time zone NOT NULL
    updated_by text COLLATE "C" NOT NULL
    deleted_at timestamp with time zone
    name text COLLATE "C" NOT NULL
    name_folded text COLLATE "C" NOT NULL
    description text COLLATE "C"
    content text COLLATE "C" NOT NULL
    CONSTRAINT sync_scope_pkey PRIMARY KEY (tenant_id, id)

CREATE TABLE tag
    tenant_id uuid NOT NULL
    id uuid NOT NULL
    version bigint NOT NULL
    created_at timestamp with time zone NOT NULL
    created_by text COLLATE "C" NOT NULL
    updated_at timestamp with time zone NOT NULL
    updated_by text COLLATE "C" NOT NULL
    deleted_at timestamp with time zone
    name text COLLATE "C" NOT NULL
    name_folded text COLLATE "C" NOT NULL
    color text COLLATE "C" NOT NULL
    description text COLLATE "C"
    CONSTRAINT tag_pkey PRIMARY KEY (tenant_id, id)
    CREATE UNIQUE INDEX tag_name_key ON public.tag USING btree (tenant_id, name_folded) WHERE (deleted_at IS NULL)

CREATE TABLE task
    tenant_id uuid NOT NULL
    id uuid NOT NULL
    version bigint NOT NULL
    created_at timestamp with time zone NOT NULL
    created_by text COLLATE "C" NOT NULL
    updated_at timestamp with time zone NOT NULL
    updated_by text COLLATE "C" NOT NULL
    deleted_at timestamp with time zone
    subject text COLLATE "C" NOT NULL
    subject_folded text COLLATE "C" NOT NULL
    description text COLLATE "C"
    record_resource text COLLATE "C"
    record_id uuid
    assignee_id uuid
    due_at timestamp with time zone
    reminder_at timestamp with time zone
    priority text COLLATE "C" NOT NULL
    status text COLLATE "C" NOT NULL
    completed_at timestamp with time zone
    recurrence text COLLATE "C"
    time_zone text COLLATE "C"
    previous_task_id uuid
    tags text[] COLLATE "C" NOT NULL
    custom jsonb
    CONSTRAINT task_pkey PRIMARY KEY (tenant_id, id)
    CONSTRAINT task_tenant_id_assignee_id_fkey FOREIGN KEY (tenant_id, assignee_id) REFERENCES app_user(tenant_id, id)
    CONSTRAINT task_tenant_id_previous_task_id_fkey FOREIGN KEY (tenant_id, previous_task_id) REFERENCES task(tenant_id, id)
    CONSTRAINT task_check CHECK (((record_resource IS NULL) = (record_id IS NULL)))
    CONSTRAINT task_check1 CHECK (((completed_at IS NULL) = (status <> 'COMPLETED'::text)))
    CREATE INDEX task_assignee_id_due_at_index ON public.task USING btree (tenant_id, assignee_id, due_at, id)
    CREATE INDEX task_previous_task_id_index ON public.task USING btree (tenant_id, previous_task_id, id) WHERE (previous_task_id IS NOT NULL)
    CREATE INDEX task_record_id_created_at_index ON public.task USING btree (tenant_id, record_id, created_at, id) WHERE (record_id IS NOT NULL)
    CREATE INDEX task_record_id_index ON public.task USING btree (tenant_id, record_id, id)

CREATE TABLE tax_id
    tenant_id uuid NOT NULL
    id uuid NOT NULL
    version bigint NOT NULL
    created_at timestamp with time zone NOT NULL
    created_by text COLLATE "C" NOT NULL
    updated_at timestamp with time zone NOT NULL
    updated_by text COLLATE "C" NOT NULL
    deleted_at timestamp with time zone
    party_id uuid NOT NULL
    scheme text COLLATE "C" NOT NULL
    country text COLLATE "C"
    value text COLLATE "C" NOT NULL
    value_folded text COLLATE "C" NOT NULL
    normalized text COLLATE "C" NOT NULL
    verified_at timestamp with time zone
    custom jsonb
    CONSTRAINT tax_id_pkey PRIMARY KEY (tenant_id, id)
    CONSTRAINT tax_id_tenant_id_party_id_fkey FOREIGN KEY (tenant_id, party_id) REFERENCES party(tenant_id, id)
    CREATE INDEX tax_id_party_id_index ON public.tax_id USING btree (tenant_id, party_id, id)
    CREATE UNIQUE INDEX tax_id_party_scheme_normalized_key ON public.tax_id USING btree (tenant_id, normalized, scheme, party_id) WHERE (deleted_at IS NULL)

CREATE TABLE tax_rate
    tenant_id uuid NOT NULL
    id uuid NOT NULL
    version bigint NOT NULL
    created_at timestamp with time zone NOT NULL
    created_by text COLLATE "C" NOT NULL
    updated_at timestamp with time zone NOT NULL
    updated_by text COLLATE "C" NOT NULL
    deleted_at timestamp with time zone
    name text COLLATE "C" NOT NULL
    name_folded text COLLATE "C" NOT NULL
    country text COLLATE "C" NOT NULL
    region text COLLATE "C"
    tax_class text COLLATE "C" NOT NULL
    percent bigint NOT NULL
    valid_from date
    valid_until date
    open_key text COLLATE "C"
    CONSTRAINT tax_rate_pkey PRIMARY KEY (tenant_id, id)
    CREATE UNIQUE INDEX tax_rate_country_region_class_from_key ON public.tax_rate USING btree (tenant_id, country, region, tax_class, valid_from) WHERE (deleted_at IS NULL)
    CREATE UNIQUE INDEX tax_rate_open_key ON public.tax_rate USING btree (tenant_id, open_key) WHERE (deleted_at IS NULL)

CREATE TABLE team
    tenant_id uuid NOT NULL
    id uuid NOT NULL
    version bigint NOT NULL
    created_at timestamp with time zone NOT NULL
    created_by text COLLATE "C" NOT NULL
    updated_at timestamp with time zone NOT NULL
    updated_by text COLLATE "C" NOT NULL
    deleted_at timestamp with time zone
    name text COLLATE "C" NOT NULL
    name_folded text COLLATE "C" NOT NULL
    description text COLLATE "C"
    parent_id uuid
    custom jsonb
    CONSTRAINT team_pkey PRIMARY KEY (tenant_id, id)
    CONSTRAINT team_tenant_id_parent_id_fkey FOREIGN KEY (tenant_id, parent_id) REFERENCES team(tenant_id, id)
    CREATE UNIQUE INDEX team_name_key ON public.team USING btree (tenant_id, name_folded) WHERE (deleted_at IS NULL)
    CREATE INDEX team_parent_id_index ON public.team USING btree (tenant_id, parent_id, id) WHERE (parent_id IS NOT NULL)

CREATE TABLE team_member
    tenant_id uuid NOT NULL
    id uuid NOT NULL
    version bigint NOT NULL
    created_at timestamp with time zone NOT NULL
    created_by text COLLATE "C" NOT NULL
    updated_at timestamp with time zone NOT NULL
    updated_by text COLLATE "C" NOT NULL
    deleted_at timestamp with time zone
    team_id uuid NOT NULL
    user_id uuid NOT NULL
    position text COLLATE "C" NOT NULL
    CONSTRAINT team_member_pkey PRIMARY KEY (tenant_id, id)
    CONSTRAINT team_member_tenant_id_team_id_fkey FOREIGN KEY (tenant_id, team_id) REFERENCES team(tenant_id, id)
    CONSTRAINT team_member_tenant_id_user_id_fkey FOREIGN KEY (tenant_id, user_id) REFERENCES app_user(tenant_id, id)
    CREATE INDEX team_member_team_id_index ON public.team_member USING btree (tenant_id, team_id, id)
    CREATE UNIQUE INDEX team_member_team_user_key ON public.team_member USING btree (tenant_id, team_id, user_id) WHERE (deleted_at IS NULL)
    CREATE INDEX team_member_user_id_index ON public.team_member USING btree (tenant_id, user_id, id)

CREATE TABLE tenant
    tenant_id uuid NOT NULL
    id uuid NOT NULL
    version bigint NOT NULL
    created_at timestamp with time zone NOT NULL
    created_by text COLLATE "C" NOT NULL
    updated_at timestamp with time zone NOT NULL
    updated_by text COLLATE "C" NOT NULL
    deleted_at timestamp with time zone
    name text COLLATE "C" NOT NULL
    name_folded text COLLATE "C" NOT NULL
    time_zone text COLLATE "C" NOT NULL
    currency text COLLATE "C" NOT NULL
    language text COLLATE "C" NOT NULL
    country text COLLATE "C"
    suppression_key text COLLATE "C"
    CONSTRAINT tenant_pkey PRIMARY KEY (tenant_id, id)
    CONSTRAINT tenant_check CHECK ((tenant_id = id))

CREATE TABLE token_revocation
    tenant_id uuid NOT NULL
    id uuid NOT NULL
    version bigint NOT NULL
    created_at timestamp with time zone NOT NULL
    created_by text COLLATE "C" NOT NULL
    updated_at timestamp with time zone NOT NULL
    updated_by text COLLATE "C" NOT NULL
    deleted_at timestamp with time zone
    until timestamp with time zone NOT NULL
    CONSTRAINT token_revocation_pkey PRIMARY KEY (tenant_id, id)
    CREATE INDEX token_revocation_until ON public.token_revocation USING btree (until)

CREATE TABLE visitor
    tenant_id uuid NOT NULL
    id uuid NOT NULL
    version bigint NOT NULL
    created_at timestamp with time zone NOT NULL
    created_by text COLLATE "C" NOT NULL
    updated_at timestamp with time zone NOT NULL
    updated_by text COLLATE "C" NOT NULL
    deleted_at timestamp with time zone
    anonymous_id text COLLATE "C" NOT NULL
    party_id uuid
    first_seen_at timestamp with time zone NOT NULL
    last_seen_at timestamp with time zone NOT NULL
    language text COLLATE "C"
    referrer text COLLATE "C"
    user_agent text COLLATE "C"
    custom jsonb
    CONSTRAINT visitor_pkey PRIMARY KEY (tenant_id, id)
    CONSTRAINT visitor_tenant_id_party_id_fkey FOREIGN KEY (tenant_id, party_id) REFERENCES party(tenant_id, id)
    CONSTRAINT visitor_check CHECK ((last_seen_at >= first_seen_at))
    CREATE UNIQUE INDEX visitor_anonymous_id_key ON public.visitor USING btree (tenant_id, anonymous_id) WHERE (deleted_at IS NULL)
    CREATE INDEX visitor_party_id_index ON public.visitor USING btree (tenant_id, party_id, id) WHERE (party_id IS NOT NULL)

CREATE TABLE webhook_delivery
    tenant_id uuid NOT NULL
    id uuid NOT NULL
    version bigint NOT NULL
    created_at timestamp with time zone NOT NULL
    created_by text COLLATE "C" NOT NULL
    updated_at timestamp with time zone NOT NULL
    updated_by text COLLATE "C" NOT NULL
    deleted_at timestamp with time zone
    endpoint_id uuid NOT NULL
    event text COLLATE "C" NOT NULL
    event_id text COLLATE "C" NOT NULL
    resource text COLLATE "C" NOT NULL
    record text COLLATE "C"
    record_version bigint
    sequence bigint
    occurred_at timestamp with time zone NOT NULL
    test boolean NOT NULL
    state text COLLATE "C" NOT NULL
    attempts bigint NOT NULL
    next_attempt_at timestamp with time zone
    last_attempt_at timestamp with time zone
    finished_at timestamp with time zone
    last_status bigint
    last_problem text COLLATE "C"
    last_answer text COLLATE "C"
    CONSTRAINT webhook_delivery_pkey PRIMARY KEY (tenant_id, id)
    CONSTRAINT webhook_delivery_tenant_id_endpoint_id_fkey FOREIGN KEY (tenant_id, endpoint_id) REFERENCES webhook_endpoint(tenant_id, id)
    CREATE INDEX webhook_delivery_age_index ON public.webhook_delivery USING btree (occurred_at)
    CREATE INDEX webhook_delivery_endpoint_id_index ON public.webhook_delivery USING btree (tenant_id, endpoint_id, id)
    CREATE INDEX webhook_delivery_endpoint_id_record_state_index ON public.webhook_delivery USING btree (tenant_id, endpoint_id, record, state)
    CREATE INDEX webhook_delivery_endpoint_id_state_next_attempt_at_index ON public.webhook_delivery USING btree (tenant_id, endpoint_id, state, next_attempt_at)

CREATE TABLE webhook_endpoint
    tenant_id uuid NOT NULL
    id uuid NOT NULL
    version bigint NOT NULL
    created_at timestamp with time zone NOT NULL
    created_by text COLLATE "C" NOT NULL
    updated_at timestamp with time zone NOT NULL
    updated_by text COLLATE "C" NOT NULL
    deleted_at timestamp with time zone
    name text COLLATE "C" NOT NULL
    name_folded text COLLATE "C" NOT NULL
    url text COLLATE "C" NOT NULL
    events text[] COLLATE "C" NOT NULL
    filter text COLLATE "C"
    payload text COLLATE "C" NOT NULL
    fields text COLLATE "C"
    format text COLLATE "C" NOT NULL
    state text COLLATE "C" NOT NULL
    disabled_reason text COLLATE "C"
    disabled_at timestamp with time zone
    failing_since timestamp with time zone
    previous_secret_until timestamp with time zone
    signing_secret text COLLATE "C" NOT NULL
    previous_secret text COLLATE "C"
    active_since_version bigint NOT NULL
    scopes text COLLATE "C" NOT NULL
    owner_id uuid
    CONSTRAINT webhook_endpoint_pkey PRIMARY KEY (tenant_id, id)
    CONSTRAINT webhook_endpoint_tenant_id_owner_id_fkey FOREIGN KEY (tenant_id, owner_id) REFERENCES app_user(tenant_id, id)
    CREATE INDEX webhook_endpoint_owner_id_index ON public.webhook_endpoint USING btree (tenant_id, owner_id, id) WHERE (owner_id IS NOT NULL)

CREATE TABLE webhook_position
    tenant_id uuid NOT NULL
    id uuid NOT NULL
    version bigint NOT NULL
    created_at timestamp with time zone NOT NULL
    created_by text COLLATE "C" NOT NULL
    updated_at timestamp with time zone NOT NULL
    updated_by text COLLATE "C" NOT NULL
    deleted_at timestamp with time zone
    sequence bigint NOT NULL
    resource text COLLATE "C" NOT NULL
    record text COLLATE "C" NOT NULL
    record_version bigint NOT NULL
    CONSTRAINT webhook_position_pkey PRIMARY KEY (tenant_id, id)

