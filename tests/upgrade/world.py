"""The small world of a data folder that an older Remit wrote: who is in it, where its destination was, what happened."""

ADDRESS = "127.0.0.1:17431"  # of the destination: it is in the data folder
SECRET = "the-mirror's-own-credential"
OWNER, DEPUTY = "ada@acme.test", "ben@acme.test"
FORBIDDEN = 666  # the `call` that the policy refuses
POLICY = f"""@id("not-that-one")
forbid (principal, action, resource)
when {{ context.tool.data_class == "internal" && context.input has call && context.input.call == {FORBIDDEN} }};

permit (principal, action, resource);
"""
