"""Become a command that the kernel ends when its parent dies, even by SIGKILL.

Run by path, with nothing imported but the standard library: `leash.py SIGNAL PARENT USER COMMAND...`. An exec wrapper
rather than a `preexec_fn`, which may deadlock in a parent that has threads. USER is empty to stay who we are.
"""

import ctypes
import os
import sys

PR_SET_PDEATHSIG = 1


def main(signal_number: int, parent: int, user: str, command: list[str]) -> None:
    """Drop privileges, tie our life to the parent's, and exec."""
    if user:
        import pwd  # noqa: PLC0415 - only root needs it

        entry = pwd.getpwnam(user)
        os.setgroups([])
        os.setgid(entry.pw_gid)
        os.setuid(entry.pw_uid)
    if sys.platform == "linux":
        # After the change of user, which would clear it.
        ctypes.CDLL(None, use_errno=True).prctl(PR_SET_PDEATHSIG, signal_number, 0, 0, 0)
    if os.getppid() != parent:
        sys.exit("the parent is gone already")
    os.execv(command[0], command)  # noqa: S606 - no shell is wanted


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]), sys.argv[3], sys.argv[4:])
