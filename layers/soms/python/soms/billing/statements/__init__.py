"""What banks and payment providers say happened: their files in, frozen statements out."""
