# SPDX-License-Identifier: Apache-2.0
# Made by tools/gen-completions from the option rows of husk; do not edit.

_husk_ids() { # the containers below the root that the line names
	"${words[0]}" "${husk_root[@]}" list -q 2>/dev/null
}

_husk() {
	local cur prev words cword i command= husk_root=()
	COMPREPLY=()
	words=("${COMP_WORDS[@]}") cword=$COMP_CWORD cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD-1]}
	for ((i = 1; i < cword; i++)); do
		case ${words[i]} in
		--root) [[ ${words[i+1]} != = ]] || ((i++)); husk_root=(--root "${words[i+1]}"); ((i++)) ;;
		--log|--log-format|--log-level|--cgroup-manager|--rootless) [[ ${words[i+1]} != = ]] || ((i++)); ((i++)) ;;
		=|-*) ;;
		*) command=${words[i]}; break ;;
		esac
	done
	case $command:$prev in
	:--log) COMPREPLY=($(compgen -f -- "$cur")); return ;;
	:--log-format) COMPREPLY=($(compgen -W 'text json' -- "$cur")); return ;;
	:--log-level) COMPREPLY=($(compgen -W 'error warning info debug' -- "$cur")); return ;;
	:--root) COMPREPLY=($(compgen -d -- "$cur")); return ;;
	:--cgroup-manager) COMPREPLY=($(compgen -W 'cgroupfs systemd disabled' -- "$cur")); return ;;
	:--rootless) COMPREPLY=($(compgen -W 'true false auto' -- "$cur")); return ;;
	create:--bundle|create:-b) COMPREPLY=($(compgen -d -- "$cur")); return ;;
	create:--config|create:-f) COMPREPLY=($(compgen -f -- "$cur")); return ;;
	create:--console-socket) COMPREPLY=($(compgen -f -- "$cur")); return ;;
	create:--pidfd-socket) COMPREPLY=($(compgen -f -- "$cur")); return ;;
	create:--pid-file) COMPREPLY=($(compgen -f -- "$cur")); return ;;
	create:--preserve-fds) return ;;
	events:--interval) return ;;
	events:--pressure) return ;;
	exec:--console-socket) COMPREPLY=($(compgen -f -- "$cur")); return ;;
	exec:--pidfd-socket) COMPREPLY=($(compgen -f -- "$cur")); return ;;
	exec:--pid-file) COMPREPLY=($(compgen -f -- "$cur")); return ;;
	exec:--preserve-fds) return ;;
	exec:--cwd) COMPREPLY=($(compgen -d -- "$cur")); return ;;
	exec:--env|exec:-e) return ;;
	exec:--user|exec:-u) return ;;
	exec:--additional-gids|exec:-g) return ;;
	exec:--process|exec:-p) COMPREPLY=($(compgen -f -- "$cur")); return ;;
	exec:--process-label) return ;;
	exec:--apparmor) return ;;
	exec:--cap|exec:-c) return ;;
	exec:--cgroup) return ;;
	list:--format|list:-f) COMPREPLY=($(compgen -W 'table json' -- "$cur")); return ;;
	plan:--bundle|plan:-b) COMPREPLY=($(compgen -d -- "$cur")); return ;;
	plan:--config|plan:-f) COMPREPLY=($(compgen -f -- "$cur")); return ;;
	plan:--id) return ;;
	ps:--format|ps:-f) COMPREPLY=($(compgen -W 'table json' -- "$cur")); return ;;
	run:--bundle|run:-b) COMPREPLY=($(compgen -d -- "$cur")); return ;;
	run:--config|run:-f) COMPREPLY=($(compgen -f -- "$cur")); return ;;
	run:--console-socket) COMPREPLY=($(compgen -f -- "$cur")); return ;;
	run:--pidfd-socket) COMPREPLY=($(compgen -f -- "$cur")); return ;;
	run:--pid-file) COMPREPLY=($(compgen -f -- "$cur")); return ;;
	run:--preserve-fds) return ;;
	spec:--bundle|spec:-b) COMPREPLY=($(compgen -d -- "$cur")); return ;;
	stats:--format) COMPREPLY=($(compgen -W 'table json openmetrics' -- "$cur")); return ;;
	stats:--interval) return ;;
	update:--resources|update:-r) COMPREPLY=($(compgen -f -- "$cur")); return ;;
	update:--blkio-weight) return ;;
	update:--cpu-burst) return ;;
	update:--cpu-idle) return ;;
	update:--cpu-period) return ;;
	update:--cpu-quota) return ;;
	update:--cpu-rt-period) return ;;
	update:--cpu-rt-runtime) return ;;
	update:--cpu-share) return ;;
	update:--cpuset-cpus) return ;;
	update:--cpuset-mems) return ;;
	update:--memory) return ;;
	update:--memory-reservation) return ;;
	update:--memory-swap) return ;;
	update:--memory-swappiness) return ;;
	update:--pids-limit) return ;;
	update:--device) return ;;
	update:--unified) return ;;
	update:--l3-cache-schema) return ;;
	update:--mem-bw-schema) return ;;
	esac
	case $command:$cur in
	:-*) COMPREPLY=($(compgen -W '--debug --log --log-format --log-level --root --systemd-cgroup --cgroup-manager --rootless --version --help' -- "$cur")) ;;
	create:-*) COMPREPLY=($(compgen -W '--bundle --config --console-socket --pidfd-socket --pid-file --preserve-fds --no-pivot --no-new-keyring --help' -- "$cur")) ;;
	delete:-*) COMPREPLY=($(compgen -W '--force --regex --help' -- "$cur")) ;;
	events:-*) COMPREPLY=($(compgen -W '--interval --stats --pressure --freezer --help' -- "$cur")) ;;
	exec:-*) COMPREPLY=($(compgen -W '--console-socket --pidfd-socket --pid-file --preserve-fds --cwd --env --tty --user --additional-gids --process --detach --process-label --apparmor --no-new-privs --cap --cgroup --ignore-paused --help' -- "$cur")) ;;
	features:-*) COMPREPLY=($(compgen -W '--help' -- "$cur")) ;;
	help:-*) COMPREPLY=($(compgen -W '--help' -- "$cur")) ;;
	kill:-*) COMPREPLY=($(compgen -W '--all --regex --help' -- "$cur")) ;;
	list:-*) COMPREPLY=($(compgen -W '--format --quiet --help' -- "$cur")) ;;
	pause:-*) COMPREPLY=($(compgen -W '--help' -- "$cur")) ;;
	plan:-*) COMPREPLY=($(compgen -W '--bundle --config --id --help' -- "$cur")) ;;
	ps:-*) COMPREPLY=($(compgen -W '--format --help' -- "$cur")) ;;
	resume:-*) COMPREPLY=($(compgen -W '--help' -- "$cur")) ;;
	run:-*) COMPREPLY=($(compgen -W '--bundle --config --console-socket --pidfd-socket --pid-file --preserve-fds --no-pivot --no-new-keyring --detach --keep --no-subreaper --help' -- "$cur")) ;;
	spec:-*) COMPREPLY=($(compgen -W '--bundle --rootless --help' -- "$cur")) ;;
	start:-*) COMPREPLY=($(compgen -W '--help' -- "$cur")) ;;
	state:-*) COMPREPLY=($(compgen -W '--help' -- "$cur")) ;;
	stats:-*) COMPREPLY=($(compgen -W '--all --format --interval --no-stream --help' -- "$cur")) ;;
	update:-*) COMPREPLY=($(compgen -W '--resources --blkio-weight --cpu-burst --cpu-idle --cpu-period --cpu-quota --cpu-rt-period --cpu-rt-runtime --cpu-share --cpuset-cpus --cpuset-mems --memory --memory-reservation --memory-swap --memory-swappiness --pids-limit --device --unified --l3-cache-schema --mem-bw-schema --help' -- "$cur")) ;;
	validate:-*) COMPREPLY=($(compgen -W '--json --host --help' -- "$cur")) ;;
	version:-*) COMPREPLY=($(compgen -W '--help' -- "$cur")) ;;
	:*) COMPREPLY=($(compgen -W 'create delete events exec features help kill list pause plan ps resume run spec start state stats update validate version' -- "$cur")) ;;
	help:*) COMPREPLY=($(compgen -W 'create delete events exec features help kill list pause plan ps resume run spec start state stats update validate version' -- "$cur")) ;;
	plan:*) COMPREPLY=($(compgen -d -- "$cur")) ;;
	delete:*|events:*|exec:*|kill:*|pause:*|ps:*|resume:*|start:*|state:*|stats:*|update:*) COMPREPLY=($(compgen -W '$(_husk_ids)' -- "$cur")) ;;
	esac
}
complete -o default -F _husk husk
