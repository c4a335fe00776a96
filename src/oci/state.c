// SPDX-License-Identifier: Apache-2.0
/* The rows of `state`. */
#include <oci/state.h>

#include <schema/schema.h>

/* clang-format off */
const struct name_value oci_statuses[] = {
	{"creating", OCI_STATUS_CREATING},
	{"created",  OCI_STATUS_CREATED},
	{"running",  OCI_STATUS_RUNNING},
	{"stopped",  OCI_STATUS_STOPPED},
	{"paused",   OCI_STATUS_PAUSED},
	{}
};

#define S struct oci_state
static const struct schema_field state_fields[] = {
	STRING(S, oci_version,     "ociVersion", REQUIRED),
	STRING(S, id,              "id", REQUIRED),
	ENUM(S, status,            "status", oci_statuses, REQUIRED),
	I64(S, pid,                "pid", RANGE(0, INT32_MAX)),
	STRING(S, bundle,          "bundle", REQUIRED),
	STRING_MAP(S, annotations, "annotations"),
	{}
};
const struct schema_type oci_state_type = TYPE(S, "state", state_fields);
#undef S

#define S struct oci_process_state
static const struct schema_field process_state_fields[] = {
	STRING(S, oci_version, "ociVersion", REQUIRED),
	STRV(S, fds,           "fds"),
	I64(S, pid,            "pid", RANGE(0, INT32_MAX), REQUIRED),
	STRING(S, metadata,    "metadata"),
	OBJECT(S, state,       "state", oci_state, REQUIRED),
	{}
};
const struct schema_type oci_process_state_type = TYPE(S, "process state", process_state_fields);
#undef S
/* clang-format on */

int oci_state_parse(const char *json, size_t n, struct oci_state **ret, struct husk_error **err)
{
	void *state;
	int r;

	r = schema_read(&oci_state_type, json, n, &state, err);
	if (r >= 0)
		*ret = state;
	return r;
}

int oci_state_emit(const struct oci_state *state, int indent, char **ret, struct husk_error **err)
{
	return schema_write(&oci_state_type, state, indent, ret, err);
}

int oci_process_state_emit(
	const struct oci_process_state *state, int indent, char **ret, struct husk_error **err)
{
	return schema_write(&oci_process_state_type, state, indent, ret, err);
}

void oci_state_free(struct oci_state *state)
{
	schema_free(&oci_state_type, state);
}
