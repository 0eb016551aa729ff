"""The demo's story: one organization, three programmes and a month of learning, told through the public interfaces."""
