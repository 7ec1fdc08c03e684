"""The maintainer's side: who may enter and how, what is wrong and how it is mended, what is ready.

Maintenance is another script over prompts, as a visit is. It begins by a handshake (XFS4IoT
``VendorMode``): the visit in progress ends, the devices are free, and only then staff have them.
"""
