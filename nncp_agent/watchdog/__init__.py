"""The process that takes an apply back when nobody else can: it does not die with the one it guards.

It is up before the first op. It acts when the applying process is gone, and when a pending checkpoint's time is over.
What happened it reads in the state directory; nobody has to tell it.
"""
