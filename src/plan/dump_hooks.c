// SPDX-License-Identifier: Apache-2.0
/* Hooks in words: those that are operations, and those that run after the plan. */
#include <plan/words.h>

#include <string.h>
#include <oci/hooks.h>

static void add_program(struct strbuf *out, const char *kind, const char *path)
{
	strbuf_add(out, kind);
	strbuf_add_char(out, ' ');
	word_quoted(out, path);
}

static void add_argument(struct strbuf *out, const char *text)
{
	strbuf_add_char(out, ' ');
	word_quoted(out, text);
}

/* args[0] is what the program takes for its name; only one that is not its path is worth a word. */
static void add_end(struct strbuf *out, const char *path, const char *name, uint64_t timeout)
{
	if (strcmp(name, path)) {
		strbuf_add(out, " as");
		add_argument(out, name);
	}
	if (timeout)
		strbuf_printf(out, ", at most %llu s", (unsigned long long)timeout);
}

void words_hook(const struct plan_header *plan, const struct plan_op *op, struct strbuf *out)
{
	const struct plan_hook *h = &op->hook;
	const char *path = plan_string(plan, h->path);

	add_program(out, plan_string(plan, h->name), path);
	for (uint32_t i = 1; i < h->args.count; i++)
		add_argument(out, plan_item(plan, h->args, i));
	add_end(out, path, h->args.count ? plan_item(plan, h->args, 0) : path, h->timeout);
	for (uint32_t i = 0; i < h->env.count; i++) {
		strbuf_add(out, "\n\t");
		word_plain(out, plan_item(plan, h->env, i));
	}
}

void words_oci_hook(struct strbuf *out, const char *kind, const struct oci_hook *h)
{
	add_program(out, kind, h->path);
	for (size_t i = 1; i < h->args.n; i++)
		add_argument(out, h->args.v[i]);
	add_end(out, h->path, h->args.n ? h->args.v[0] : h->path,
		(uint64_t)opt_i64_or(h->timeout, 0));
}
