# SPDX-License-Identifier: Apache-2.0
# The front door; the build itself is meson.build.
#   make              builds husk, libhusk and husk-init in build/
#   sudo make run     installs what is needed, builds, and runs a container that shows itself
#   sudo make test    installs what the tests need and runs everything
#   sudo make test-vm the tests that need another kernel or cgroup set-up, in emulated machines; part of `make test`
#   make check        form, layers, headers, sizes, symbols: a second or two, before each commit
#   make bench        husk beside crun, runc and a floor of bare system calls (root)
BUILD ?= build

all:
	@tools/build $(BUILD)

run:
	@tools/deps build
	@tools/build $(BUILD)
	@tools/demo $(BUILD)/husk

test:
	@tools/deps test
	@tests/run

test-vm:
	@tools/deps test
	@tests/run build fault vm

check:
	@tools/check

bench: all
	@bench/run --husk $(BUILD)/husk

sanitize:
	@tools/build $(BUILD)/stage/asan -Db_sanitize=address,undefined -Db_lundef=false
	@meson test -C $(BUILD)/stage/asan --suite unit

install: all
	@meson install -C $(BUILD) --no-rebuild

clean:
	@rm -rf $(BUILD)

.PHONY: all run test test-vm check bench sanitize install clean
