/* SPDX-License-Identifier: Apache-2.0 */
/* The JSON object of a container that `husk state` and `husk list` print, keys and order as runc has them. */
#ifndef HUSK_CLI_STATE_H
#define HUSK_CLI_STATE_H

#include <cli/out.h>
#include <husk/container.h>

void state_json(struct json_out *json, const struct husk_state *state, const char *owner);

#endif
