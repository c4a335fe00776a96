/* SPDX-License-Identifier: Apache-2.0 */
/* Statistics as JSON: the object `data` of runc's events, and what husk has besides under names beside those. */
#ifndef HUSK_CLI_STATS_JSON_H
#define HUSK_CLI_STATS_JSON_H

#include <cli/out.h>
#include <husk/stats.h>

void stats_json(struct json_out *json, const char *key, const struct husk_stats *stats);

#endif
