"""A browser tab without a browser: the websocket over which a page is drawn and its buttons are pressed."""

from __future__ import annotations

from contextlib import ExitStack
from ssl import SSLContext

from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ClientState_pb2 import ClientState
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from websockets.sync.client import connect

from kinso.services.accounts.sign_in import SESSION_COOKIE

REFUSED = "Only for "
"""The title of what stands in the place of a page for others."""


class Tab:
    """`seen` is everything that the server sent since the last question, as text.

    `parts` are the fragments in it and `pages` the pages that it offers; `ids` are those of all buttons by their keys.
    """

    def __init__(
        self, address: str, secret: str, *, resumed: str = "", context: SSLContext | None = None, **headers: str
    ) -> None:
        cookie = {"Cookie": f"{SESSION_COOKIE}={secret}"} if secret else {}
        self._stack = ExitStack()
        self._opening = connect(
            f"{address.replace('http', 'ws')}/_stcore/stream",
            subprotocols=["streamlit", *(("no-token", resumed) if resumed else ())],
            additional_headers=cookie | headers,
            max_size=None,
            ssl=context,
        )
        self.seen = self.session_id = ""
        self.parts: set[str] = set()
        self.ids: dict[str, str] = {}
        self.pages: dict[str, str] = {}

    def __enter__(self) -> Tab:
        self._socket = self._stack.enter_context(self._opening)
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    def show(self, page: str = "", **state: object) -> None:
        """Open a page by its name, or by `page_script_hash`, or draw one part of it by `fragment_id`."""
        self._send(ClientState(page_name=page, **state))

    def press(self, button: str) -> None:
        """Press the button with this key."""
        state = ClientState()
        pressed = state.widget_states.widgets.add()
        pressed.id, pressed.trigger_value = self.ids[button], True
        self._send(state)

    def _send(self, state: ClientState) -> None:
        self._socket.send(BackMsg(rerun_script=state).SerializeToString())
        self.seen, self.parts, self.pages = "", set(), {}
        while True:
            message = ForwardMsg.FromString(self._socket.recv(timeout=30))
            self.seen += str(message)
            self._note(message)
            if message.WhichOneof("type") == "script_finished":
                return

    def _note(self, message: ForwardMsg) -> None:
        if message.delta.fragment_id:
            self.parts.add(message.delta.fragment_id)
        self.session_id = message.new_session.initialize.session_id or self.session_id
        offered = (page for page in message.navigation.app_pages if not page.page_name.startswith(REFUSED))
        self.pages |= {page.url_pathname: page.page_script_hash for page in offered}
        if message.delta.new_element.HasField("button"):
            button = message.delta.new_element.button
            self.ids[button.id.rpartition("-")[2]] = button.id
