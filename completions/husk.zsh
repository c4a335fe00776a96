#compdef husk
# SPDX-License-Identifier: Apache-2.0
# Made by tools/gen-completions from the option rows of husk; do not edit.

_husk_ids() {
	local -a ids
	ids=(${(f)"$(_call_program ids $words[1] list -q 2>/dev/null)"})
	_describe container ids
}

_husk_commands() {
	local -a commands
	commands=(
		'create:create a container, to be started later'
		'delete:delete a stopped container and all that belongs to it'
		'events:show statistics and events of a container, as JSON'
		'exec:run one more process in a container'
		'features:show what this runtime supports, as JSON'
		'help:show the commands, or the options of one'
		'kill:send a signal to the process of a container'
		'list:list the containers'
		'pause:stop all processes of a container where they are'
		'plan:show what creating a container would do, without doing it'
		'ps:show the processes of a container'
		'resume:let a paused container go on'
		'run:create and start a container, and wait for it'
		'spec:write a configuration to start from'
		'start:start the process of a created container'
		'state:show the state of a container, as JSON'
		'stats:show what containers use, again and again'
		'update:change the limits of a container'
		'validate:tell all that is wrong with a configuration'
		'version:show the version'
	)
	_describe command commands
}

_husk() {
	local context state line
	_arguments -C \
		'*--debug[log everything]' \
		'*--log=[append the log to FILE (default\: standard error)]:FILE:_files' \
		'*--log-format=['\''text'\'' (default) or '\''json'\'']:FORMAT:(text json)' \
		'*--log-level=['\''error'\'', '\''warning'\'' (default), '\''info'\'' or '\''debug'\'']:LEVEL:(error warning info debug)' \
		'*--root=[where containers'\'' state is (default\: /run/husk or $XDG_RUNTIME_DIR/husk)]:DIR:_files -/' \
		'*--systemd-cgroup[let systemd make the cgroups\: cgroupsPath is SLICE\:PREFIX\:NAME]' \
		'*--cgroup-manager=['\''cgroupfs'\'' (default), '\''systemd'\'' or '\''disabled'\'']:MANAGER:(cgroupfs systemd disabled)' \
		'*--rootless=[go on without permission for cgroups\: '\''true'\'', '\''false'\'' or '\''auto'\'' (default)]:BOOL:(true false auto)' \
		'*--version[show the version]' \
		'*-v[show the version]' \
		'*--help[show this help]' \
		'*-h[show this help]' \
		'1:command:_husk_commands' '*::argument:->command'
	[[ $state == command ]] || return
	case $words[1] in
	create) _arguments \
		'*--bundle=[the bundle'\''s directory (default\: the current one)]:DIR:_files -/' \
		'*-b[the bundle'\''s directory (default\: the current one)]:DIR:_files -/' \
		'*--config=[configuration to use instead of the bundle'\''s config.json]:FILE:_files' \
		'*-f[configuration to use instead of the bundle'\''s config.json]:FILE:_files' \
		'*--console-socket=[unix socket that gets the master end of the process'\''s terminal]:PATH:_files' \
		'*--pidfd-socket=[unix socket that gets a pidfd of the process]:PATH:_files' \
		'*--pid-file=[file to write the process ID to]:FILE:_files' \
		'*--preserve-fds=[leave N more descriptors open, from 3 on (behind those of $LISTEN_FDS)]:N: ' \
		'*--no-pivot[do not use pivot_root\: for a root file system on a ramdisk]' \
		'*--no-new-keyring[let the container use the caller'\''s session keyring]' \
		'*--help[show this help]' \
		'*-h[show this help]' \
		'1:ID: ' ;;
	delete) _arguments \
		'*--force[kill the container first if it runs]' \
		'*-f[kill the container first if it runs]' \
		'*--regex[ID is a regular expression\: all that match]' \
		'*-r[ID is a regular expression\: all that match]' \
		'*--help[show this help]' \
		'*-h[show this help]' \
		'1:container:_husk_ids' ;;
	events) _arguments \
		'*--interval=[time between two statistics (default\: 5s)]:DURATION: ' \
		'*--stats[print the statistics once]' \
		'*--pressure=[also tell of pressure\: RESOURCE\:LEVEL\[\:STALL/WINDOW\], as memory\:some\:150ms/1s]:TRIGGER: ' \
		'*--freezer[also tell when the container is frozen and thawed (cgroup v2)]' \
		'*--help[show this help]' \
		'*-h[show this help]' \
		'1:container:_husk_ids' ;;
	exec) _arguments \
		'*--console-socket=[unix socket that gets the master end of the process'\''s terminal]:PATH:_files' \
		'*--pidfd-socket=[unix socket that gets a pidfd of the process]:PATH:_files' \
		'*--pid-file=[file to write the process ID to]:FILE:_files' \
		'*--preserve-fds=[leave N more descriptors open, from 3 on (behind those of $LISTEN_FDS)]:N: ' \
		'*--cwd=[working directory in the container]:DIR:_files -/' \
		'*--env=[add a variable to the environment]:NAME=VALUE: ' \
		'*-e[add a variable to the environment]:NAME=VALUE: ' \
		'*--tty[give the process a terminal]' \
		'*-t[give the process a terminal]' \
		'*--user=[user to run as, by number or by name in the container]:USER[\:GROUP]: ' \
		'*-u[user to run as, by number or by name in the container]:USER[\:GROUP]: ' \
		'*--additional-gids=[add a supplementary group]:GID: ' \
		'*-g[add a supplementary group]:GID: ' \
		'*--process=[take the process from FILE (JSON, as in config.json)]:FILE:_files' \
		'*-p[take the process from FILE (JSON, as in config.json)]:FILE:_files' \
		'*--detach[do not wait for the process]' \
		'*-d[do not wait for the process]' \
		'*--process-label=[SELinux label of the process]:LABEL: ' \
		'*--apparmor=[AppArmor profile of the process]:PROFILE: ' \
		'*--no-new-privs[let the process gain no privileges by execve]' \
		'*--cap=[add a capability]:CAP: ' \
		'*-c[add a capability]:CAP: ' \
		'*--cgroup=[run in this cgroup below the container'\''s]:[CONTROLLER,...\:]PATH: ' \
		'*--ignore-paused[do not refuse a paused container]' \
		'*--help[show this help]' \
		'*-h[show this help]' \
		'1:container:_husk_ids' ;;
	features) _arguments \
		'*--help[show this help]' \
		'*-h[show this help]' ;;
	help) _arguments \
		'*--help[show this help]' \
		'*-h[show this help]' \
		'1:command:_husk_commands' ;;
	kill) _arguments \
		'*--all[signal every process of the container; no error if there is none]' \
		'*-a[signal every process of the container; no error if there is none]' \
		'*--regex[ID is a regular expression\: all that match]' \
		'*-r[ID is a regular expression\: all that match]' \
		'*--help[show this help]' \
		'*-h[show this help]' \
		'1:container:_husk_ids' ;;
	list) _arguments \
		'*--format=['\''table'\'' (default) or '\''json'\'']:FORMAT:(table json)' \
		'*-f['\''table'\'' (default) or '\''json'\'']:FORMAT:(table json)' \
		'*--quiet[show IDs only]' \
		'*-q[show IDs only]' \
		'*--help[show this help]' \
		'*-h[show this help]' ;;
	pause) _arguments \
		'*--help[show this help]' \
		'*-h[show this help]' \
		'1:container:_husk_ids' ;;
	plan) _arguments \
		'*--bundle=[the bundle'\''s directory (default\: the current one)]:DIR:_files -/' \
		'*-b[the bundle'\''s directory (default\: the current one)]:DIR:_files -/' \
		'*--config=[configuration to use instead of the bundle'\''s config.json]:FILE:_files' \
		'*-f[configuration to use instead of the bundle'\''s config.json]:FILE:_files' \
		'*--id=[name of the container (default\: container)]:ID: ' \
		'*--help[show this help]' \
		'*-h[show this help]' \
		'1:bundle:_files -/' ;;
	ps) _arguments \
		'*--format=['\''table'\'' (default) or '\''json'\'']:FORMAT:(table json)' \
		'*-f['\''table'\'' (default) or '\''json'\'']:FORMAT:(table json)' \
		'*--help[show this help]' \
		'*-h[show this help]' \
		'1:container:_husk_ids' ;;
	resume) _arguments \
		'*--help[show this help]' \
		'*-h[show this help]' \
		'1:container:_husk_ids' ;;
	run) _arguments \
		'*--bundle=[the bundle'\''s directory (default\: the current one)]:DIR:_files -/' \
		'*-b[the bundle'\''s directory (default\: the current one)]:DIR:_files -/' \
		'*--config=[configuration to use instead of the bundle'\''s config.json]:FILE:_files' \
		'*-f[configuration to use instead of the bundle'\''s config.json]:FILE:_files' \
		'*--console-socket=[unix socket that gets the master end of the process'\''s terminal]:PATH:_files' \
		'*--pidfd-socket=[unix socket that gets a pidfd of the process]:PATH:_files' \
		'*--pid-file=[file to write the process ID to]:FILE:_files' \
		'*--preserve-fds=[leave N more descriptors open, from 3 on (behind those of $LISTEN_FDS)]:N: ' \
		'*--no-pivot[do not use pivot_root\: for a root file system on a ramdisk]' \
		'*--no-new-keyring[let the container use the caller'\''s session keyring]' \
		'*--detach[do not wait for the container'\''s process]' \
		'*-d[do not wait for the container'\''s process]' \
		'*--keep[do not delete the container when its process has ended]' \
		'*--no-subreaper[do not adopt orphaned processes of the container]' \
		'*--help[show this help]' \
		'*-h[show this help]' \
		'1:ID: ' ;;
	spec) _arguments \
		'*--bundle=[the bundle'\''s directory (default\: the current one)]:DIR:_files -/' \
		'*-b[the bundle'\''s directory (default\: the current one)]:DIR:_files -/' \
		'*--rootless[for a container of the calling user]' \
		'*--help[show this help]' \
		'*-h[show this help]' ;;
	start) _arguments \
		'*--help[show this help]' \
		'*-h[show this help]' \
		'1:container:_husk_ids' ;;
	state) _arguments \
		'*--help[show this help]' \
		'*-h[show this help]' \
		'1:container:_husk_ids' ;;
	stats) _arguments \
		'*--all[also containers that are not running]' \
		'*-a[also containers that are not running]' \
		'*--format=['\''table'\'' (default), '\''json'\'' or '\''openmetrics'\'']:FORMAT:(table json openmetrics)' \
		'*--interval=[time between two rounds (default\: 1s)]:DURATION: ' \
		'*--no-stream[only one round]' \
		'*--help[show this help]' \
		'*-h[show this help]' \
		'1:container:_husk_ids' ;;
	update) _arguments \
		'*--resources=[take the resources from FILE (JSON, as in config.json); '\''-'\'' is standard input]:FILE:_files' \
		'*-r[take the resources from FILE (JSON, as in config.json); '\''-'\'' is standard input]:FILE:_files' \
		'*--blkio-weight=[block I/O weight, 10 to 1000]:WEIGHT: ' \
		'*--cpu-burst=[CPU time that may be used above the quota]:USEC: ' \
		'*--cpu-idle=[run only when nobody else wants the CPU]:0|1: ' \
		'*--cpu-period=[period of the CPU quota]:USEC: ' \
		'*--cpu-quota=[CPU time in each period; -1\: no limit]:USEC: ' \
		'*--cpu-rt-period=[period of the realtime quota]:USEC: ' \
		'*--cpu-rt-runtime=[realtime CPU time in each period]:USEC: ' \
		'*--cpu-share=[relative CPU weight, 2 to 262144]:SHARES: ' \
		'*--cpuset-cpus=[CPUs to use, like 0-3,7]:LIST: ' \
		'*--cpuset-mems=[memory nodes to use]:LIST: ' \
		'*--memory=[memory limit, also as 512m; -1\: no limit]:BYTES: ' \
		'*--memory-reservation=[memory that is spared when memory is short]:BYTES: ' \
		'*--memory-swap=[limit of memory and swap together; -1\: no limit]:BYTES: ' \
		'*--memory-swappiness=[how readily to swap (cgroup v1)]:0-100: ' \
		'*--pids-limit=[how many processes and threads; -1\: no limit]:N: ' \
		'*--device=[add a device rule\: \[allow|deny\] TYPE MAJOR\:MINOR ACCESS, like '\''allow c 10\:200 rwm'\'']:RULE: ' \
		'*--unified=[write VALUE to FILE of cgroup v2]:FILE=VALUE: ' \
		'*--l3-cache-schema=[share of the L3 cache (Intel RDT)]:LINE: ' \
		'*--mem-bw-schema=[share of the memory bandwidth (Intel RDT)]:LINE: ' \
		'*--help[show this help]' \
		'*-h[show this help]' \
		'1:container:_husk_ids' ;;
	validate) _arguments \
		'*--json[print the findings as a JSON array]' \
		'*--host[also tell what this host lacks]' \
		'*--help[show this help]' \
		'*-h[show this help]' \
		'1:bundle or file:_files' ;;
	version) _arguments \
		'*--help[show this help]' \
		'*-h[show this help]' ;;
	esac
}

_husk "$@"
