"""What the actions on users send."""

from tests.support.wire import PAGE, Row

INVITE = {"email": "a@b.c", "permissions": [{"roleId": "r", "resources": [{"id": "w", "type": "WORKSPACE"}]}]}
ROWS = [
    Row("createUserInvites", {"invites": [INVITE]}, "POST", "/invites", {"invites": [INVITE]}),
    Row("deleteUser", {"userIds": ["u 1", "u2"]}, "DELETE", "/users?userIds.0=u+1&userIds.1=u2"),
    Row("getUser", {"userId": "u"}, "GET", "/users/u"),
    Row("listUsers", {}, "GET", f"/users?{PAGE}"),
]
