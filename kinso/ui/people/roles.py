"""Roles in words."""

from __future__ import annotations

from kinso.models.accounts import PERMISSIONS, Permission, Role

_SUMMARIES = {
    Role.ANALYST: "looks, filters and downloads",
    Role.STAFF: "also registers, edits, sells and activates",
    Role.MANAGER: "also decides the threshold, deletes, restores and undoes",
    Role.ADMIN: "also looks after users and settings",
}
_ABILITIES = {
    Permission.READ: "See customers, membership and figures",
    Permission.EXPORT: "Download customers as CSV",
    Permission.CREATE: "Register customers",
    Permission.EDIT: "Edit customers",
    Permission.MEMBERSHIP: "Make customers members or non-members",
    Permission.AUTO_ACTIVATE: "Activate everyone at a membership threshold",
    Permission.PURCHASES: "Record purchases and refunds",
    Permission.IMPORT: "Import customers and purchases, and load sample data",
    Permission.DELETE: "Delete customers",
    Permission.RESTORE: "Restore deleted customers",
    Permission.UNDO: "Undo bulk changes",
    Permission.ERASE: "Erase what is known about a person",
    Permission.RULES: "Decide the membership threshold, and end memberships that it does not cover",
    Permission.USERS: "Look after users: create, change role, switch off, reset passwords",
    Permission.TOKENS: "Revoke anybody's API tokens",
    Permission.SETTINGS: "Change the settings of the shop",
}


def role_name(role: Role) -> str:
    """`Manager`."""
    return role.value.capitalize()


def role_in_words(role: Role) -> str:
    """`Manager: also deletes, restores and undoes`."""
    return f"{role_name(role)}: {_SUMMARIES[role]}"


def abilities(role: Role) -> list[str]:
    """What the role may do, one line each."""
    return [words for permission, words in _ABILITIES.items() if permission in PERMISSIONS[role]]
