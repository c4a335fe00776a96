// SPDX-License-Identifier: Apache-2.0
/* What became of a hook, in words and on one line. */
#include <hook/hook.h>
#include <base/str.h>

#include <errno.h>
#include <string.h>

/* Lines become parts of one line; a character that was cut off at the beginning goes. */
static void add_output(struct strbuf *out, const char *text)
{
	size_t n = strlen(text);

	while (n && strchr(" \t\r\n", text[n - 1]))
		n--;
	while (n && ((unsigned char)*text & 0xc0) == 0x80)
		text++, n--;
	if (n)
		strbuf_add(out, ": ");
	for (; n; text++, n--) {
		if (*text == '\n')
			strbuf_add(out, "; ");
		else if ((unsigned char)*text >= 0x20 && *text != 0x7f)
			strbuf_add_char(out, *text);
		else
			strbuf_add_char(out, *text == '\t' ? ' ' : '?');
	}
}

static void add_outcome(struct strbuf *out, struct outcome o)
{
	switch ((enum outcome_kind)o.kind) {
	case OUTCOME_EXITED:
		strbuf_printf(out, " exited with status %d", o.value);
		return;
	case OUTCOME_KILLED:
		strbuf_printf(out, " was killed by signal %d", o.value);
		return;
	case OUTCOME_NOT_RUN:
		strbuf_printf(out, " cannot be run: %s", errno_text(o.value));
		return;
	case OUTCOME_TIMEOUT:
		strbuf_printf(out, " did not end within its timeout of %d s", o.value);
		return;
	case OUTCOME_LOST:
		strbuf_add(out, " ended, but its exit status was taken by another waitpid()");
		return;
	}
	strbuf_add(out, " ended in an unknown way");
}

int hook_fail(struct husk_error **err, const char *at, const char *path, struct outcome outcome,
	const char *output)
{
	enum husk_error_code code =
		outcome.kind == OUTCOME_TIMEOUT ? HUSK_ERROR_TIMEOUT : HUSK_ERROR_HOOK;
	int errno_value = outcome.kind == OUTCOME_NOT_RUN ? outcome.value : 0;
	auto_strbuf text = {};

	strbuf_printf(&text, "%s: hook '%s'", at, path);
	add_outcome(&text, outcome);
	add_output(&text, output);
	return strbuf_failed(&text)
		       ? fail_memory(err)
		       : fail_full(err, code, errno_value, at, "%s", strbuf_text(&text));
}
