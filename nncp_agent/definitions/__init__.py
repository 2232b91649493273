"""Network definitions (NetworkAttachmentDefinition), and the pods and VMs that refer to them: read, looked at hard."""
