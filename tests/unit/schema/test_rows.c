// SPDX-License-Identifier: Apache-2.0
/*
 * A row whose kind does not fit the member must not compile: the compiler is asked, with a good row
 * as the control.
 */
#include <base/mem.h>
#include <base/str.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

static const char prologue[] =
	"#include <schema/schema.h>\n"
	"struct T { struct opt_i64 i; };\n"
	"struct K { char *key; };\n"
	"struct P { char *name, *value; };\n"
	"extern const struct schema_type T_type, K_type;\n"
	"static const struct name_value names[] = {{}};\n"
	"struct X { struct opt_bool b; struct opt_i64 i; struct opt_u64 u; struct opt_enum e; char "
	"*s;\n"
	"struct strv v; LIST_OF(uint32_t) n; LIST_OF(int) m; struct T *o; LIST_OF(struct T) l;\n"
	"LIST_OF(struct K) k; LIST_OF(struct P) p; int plain; };\n"
	"extern const struct schema_field row;\n"
	"const struct schema_field row = ";

static int compiles(const char *row)
{
	auto_free char *command =
		str_printf("printf '%%s%%s;\\n' '%s' '%s' | %s -std=gnu17 -fsyntax-only -Isrc "
			   "-Iinclude -x c - 2>/dev/null",
			prologue, row, getenv("CC") ? getenv("CC") : "cc");

	assert_non_null(command);
	return system(command) == 0;
}

static void test_rows(void **state)
{
	static const char *const good[] = {"BOOL(struct X, b, \"\")", "I64(struct X, i, \"\")",
		"U64(struct X, u, \"\")", "ENUM(struct X, e, \"\", names)",
		"STRING(struct X, s, \"\")", "RAW(struct X, s, \"\")", "STRV(struct X, v, \"\")",
		"U32S(struct X, n, \"\")", "ENUMS(struct X, m, \"\", names)",
		"OBJECT(struct X, o, \"\", T)", "LIST(struct X, l, \"\", T)",
		"MAP(struct X, k, \"\", K)", "STRING_MAP(struct X, p, \"\")"};
	static const char *const bad[] = {"BOOL(struct X, i, \"\")", "I64(struct X, u, \"\")",
		"U64(struct X, i, \"\")", "U64(struct X, plain, \"\")",
		"ENUM(struct X, i, \"\", names)", "STRING(struct X, v, \"\")",
		"RAW(struct X, o, \"\")", "STRV(struct X, s, \"\")", "U32S(struct X, m, \"\")",
		"ENUMS(struct X, n, \"\", names)", "OBJECT(struct X, o, \"\", K)",
		"OBJECT(struct X, l, \"\", T)", "LIST(struct X, l, \"\", K)",
		"LIST(struct X, o, \"\", T)", "MAP(struct X, l, \"\", T)",
		"STRING_MAP(struct X, k, \"\")", "STRING_MAP(struct X, l, \"\")"};

	(void)state;
	if (system("${CC:-cc} --version >/dev/null 2>&1"))
		skip();
	for (size_t i = 0; i < ARRAY_LEN(good); i++)
		if (!compiles(good[i]))
			fail_msg("%s does not compile", good[i]);
	for (size_t i = 0; i < ARRAY_LEN(bad); i++)
		if (compiles(bad[i]))
			fail_msg("%s compiles", bad[i]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_rows),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
