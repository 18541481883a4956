"""Receiving descriptors over a Unix socket.

`socket.recv_fds` leaves what it receives open in every program started later: it ignores its flags.
"""

from __future__ import annotations

import array
import socket

_PIECE = 65536


def receive(connection: socket.socket, most: int) -> tuple[bytes, list[int]]:
    """Some bytes and at most `most` descriptors, none of which a started program inherits.

    Raises OSError as `recvmsg` does. No bytes means the other side has ended.
    """
    descriptors = array.array("i")
    room = socket.CMSG_LEN(most * descriptors.itemsize)
    data, ancillary, _, _ = connection.recvmsg(_PIECE, room, socket.MSG_CMSG_CLOEXEC)
    for level, kind, content in ancillary:
        if level == socket.SOL_SOCKET and kind == socket.SCM_RIGHTS:
            whole = len(content) - len(content) % descriptors.itemsize
            descriptors.frombytes(content[:whole])
    return data, list(descriptors)
