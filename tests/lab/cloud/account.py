"""The account that the lab's cloud knows from the beginning, and the file in which playbooks find its key."""

from __future__ import annotations

from lab.cloud.signature import Account

REGION = "lab-1"
PROJECT = "0" * 32
# Everybody may know it: it opens nothing but a lab on the machine of whoever reads this.
ACCOUNT = Account("LABACCESSKEY00000000", "Lab-Secret-Key-that-opens-nothing-else-0", PROJECT, REGION)


def profile_file(account: Account = ACCOUNT) -> str:
    """The account as a file of credentials in the form of the vendor's SDK."""
    return f"[basic]\nak = {account.access_key}\nsk = {account.secret_key}\nproject_id = {account.project_id}\n"
